# SPDX-License-Identifier: MIT
"""A generator that holds a lock while it is suspended: whoever abandons it must close it."""
import threading

lock = threading.Lock()


def numbers():
    with lock:
        yield 1
        yield 2


def work():
    return sum(numbers())


work()
