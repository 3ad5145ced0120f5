# SPDX-License-Identifier: MIT
"""acquire() inside the try block, released only when it is known to be held: the interruption between
the acquisition and the note of it leaves the lock held."""
import threading

lock = threading.Lock()


def work():
    held = False
    try:
        held = lock.acquire()
        return 1
    finally:
        if held:
            lock.release()


work()
