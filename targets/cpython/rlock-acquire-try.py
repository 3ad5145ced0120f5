# SPDX-License-Identifier: MIT
"""acquire(), then try: an interruption between the two leaves an RLock held for ever."""
import threading

lock = threading.RLock()


def work():
    lock.acquire()
    try:
        return 1
    finally:
        lock.release()


work()
