# SPDX-License-Identifier: MIT
"""A C function that calls back and handles ValueError only: KeyboardInterrupt passes through it."""
import swallow_good


def callback():
    for number in range(3):
        pass
    raise ValueError("expected")


def work():
    swallow_good.work(callback)


def end():
    pass


work()
end()
