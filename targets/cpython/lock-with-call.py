# SPDX-License-Identifier: MIT
"""A with statement whose body calls Python and C functions."""
import threading

lock = threading.Lock()


def helper(values):
    return sorted(values, key=lambda value: -value)


def work():
    with lock:
        return helper([1, 2, 3])


work()
