# SPDX-License-Identifier: MIT
"""The naive signal handler in C: it raises KeyboardInterrupt itself, over an exception half raised."""
import direct_bad


def fail(number):
    raise ValueError(number)


def work():
    for number in range(2):
        try:
            fail(number)
        except ValueError as error:
            assert error.args == (number,)


direct_bad.work()
work()
