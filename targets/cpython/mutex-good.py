# SPDX-License-Identifier: MIT
"""A C function that calls back with its own mutex held and unlocks it whatever happens."""
import mutex_good


def callback():
    for number in range(3):
        pass
    return 1


def work():
    try:
        mutex_good.work(callback)
    except KeyboardInterrupt:
        pass
    return mutex_good.work(callback)


work()
