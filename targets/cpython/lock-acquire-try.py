# SPDX-License-Identifier: MIT
"""acquire(), then try: an interruption between the two leaves a Lock held for ever."""
import threading

lock = threading.Lock()


def work():
    lock.acquire()
    try:
        return 1
    finally:
        lock.release()


work()
