# SPDX-License-Identifier: MIT
"""A C function that calls back and clears every exception: KeyboardInterrupt is lost in it."""
import swallow_bad


def callback():
    for number in range(3):
        pass
    raise ValueError("expected")


def work():
    swallow_bad.work(callback)


def end():
    pass


work()
end()
