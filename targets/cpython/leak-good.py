# SPDX-License-Identifier: MIT
"""A C function that is interrupted by PyErr_CheckSignals() drops what it had built."""
import leak_good


def work():
    try:
        leak_good.work(20)
    except KeyboardInterrupt:
        return 1


work()
