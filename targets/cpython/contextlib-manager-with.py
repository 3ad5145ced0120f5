# SPDX-License-Identifier: MIT
"""A generator-based context manager whose generator uses the with statement."""
import contextlib
import threading

lock = threading.Lock()


@contextlib.contextmanager
def holding():
    with lock:
        yield


def work():
    with holding():
        return 1


work()
