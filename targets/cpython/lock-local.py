# SPDX-License-Identifier: MIT
"""acquire(), then try, on a lock that only the function's own frame has: nobody can wait for it later."""
import threading


def work():
    lock = threading.Lock()
    lock.acquire()
    try:
        return 1
    finally:
        lock.release()


work()
