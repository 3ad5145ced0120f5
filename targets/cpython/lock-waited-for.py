# SPDX-License-Identifier: MIT
"""acquire(), then try, twice: the second call waits for ever for the lock that the first one left held."""
import threading

lock = threading.Lock()


def work():
    lock.acquire()
    try:
        return 1
    finally:
        lock.release()


try:
    work()
except KeyboardInterrupt:
    work()
