# SPDX-License-Identifier: MIT
"""acquire() inside the try block: an interruption before it makes finally release a Lock that is not held."""
import threading

lock = threading.Lock()


def work():
    try:
        lock.acquire()
        return 1
    finally:
        lock.release()


work()
