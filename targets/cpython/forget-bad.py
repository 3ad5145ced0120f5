# SPDX-License-Identifier: MIT
"""A C function that is interrupted by PyErr_CheckSignals() leaks a str and an int."""
import forget_bad


def work():
    try:
        forget_bad.work(20)
    except KeyboardInterrupt:
        return 1


work()
