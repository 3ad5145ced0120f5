# SPDX-License-Identifier: MIT
"""acquire(), then try: an interruption between the two leaves a Semaphore held for ever."""
import threading

lock = threading.Semaphore()


def work():
    lock.acquire()
    try:
        return 1
    finally:
        lock.release()


work()
