# SPDX-License-Identifier: MIT
"""A C function that is interrupted by PyErr_CheckSignals() drops what it had made."""
import forget_good


def work():
    try:
        forget_good.work(20)
    except KeyboardInterrupt:
        return 1


work()
