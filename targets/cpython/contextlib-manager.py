# SPDX-License-Identifier: MIT
"""A generator-based context manager around acquire() and try: the interruption between the two leaves the
lock held, and so may one between the with statement and the generator."""
import contextlib
import threading

lock = threading.Lock()


@contextlib.contextmanager
def holding():
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


def work():
    with holding():
        return 1


work()
