# SPDX-License-Identifier: MIT
"""CPython's own signal handler, which sets a mark, over the same work as in direct-bad.py."""


def fail(number):
    raise ValueError(number)


def work():
    for number in range(2):
        try:
            fail(number)
        except ValueError as error:
            assert error.args == (number,)


work()
