# SPDX-License-Identifier: MIT
"""The with statement on a Semaphore: whether it can leave it held depends on the version."""
import threading

lock = threading.Semaphore()


def work():
    with lock:
        return 1


work()
