# SPDX-License-Identifier: MIT
"""A C function that is interrupted by PyErr_CheckSignals() leaks the list that it had built."""
import leak_bad


def work():
    try:
        leak_bad.work(20)
    except KeyboardInterrupt:
        return 1


work()
