# SPDX-License-Identifier: MIT
"""A generator that holds a lock and is kept in a global: nobody closes it after an interruption."""
import threading

lock = threading.Lock()
kept = []


def numbers():
    with lock:
        yield 1
        yield 2


def work():
    kept.append(numbers())
    for number in kept[0]:
        pass


work()
