# SPDX-License-Identifier: MIT
"""Two locks taken by acquire() before one try block: either may stay held."""
import threading

outer = threading.Lock()
inner = threading.Lock()


def work():
    outer.acquire()
    inner.acquire()
    try:
        return 1
    finally:
        inner.release()
        outer.release()


work()
