# SPDX-License-Identifier: MIT
"""A signal handler in C that has the interpreter raise KeyboardInterrupt at a safe place."""
import direct_good


def fail(number):
    raise ValueError(number)


def work():
    for number in range(2):
        try:
            fail(number)
        except ValueError as error:
            assert error.args == (number,)


direct_good.work()
work()
