# SPDX-License-Identifier: MIT
"""int(): what is no number is left out."""


def work():
    try:
        return int("x")
    except ValueError:
        return 0


def end():
    pass


work()
end()
