# SPDX-License-Identifier: MIT
"""A C function that calls back with its own mutex held and keeps it when the call raises."""
import mutex_bad


def callback():
    for number in range(3):
        pass
    return 1


def work():
    try:
        mutex_bad.work(callback)
    except KeyboardInterrupt:
        pass
    return mutex_bad.work(callback)


work()
