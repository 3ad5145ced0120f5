# SPDX-License-Identifier: MIT
"""A with statement whose body raises: the lock is released on the exception's way out."""
import threading

lock = threading.Lock()


def work():
    try:
        with lock:
            raise ValueError("of the body")
    except ValueError:
        return 1


work()
