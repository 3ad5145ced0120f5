# SPDX-License-Identifier: MIT
"""acquire() of a lock that somebody else holds is interrupted at once and leaves the lock as it was."""
import threading

lock = threading.Lock()
lock.acquire()


def work():
    try:
        lock.acquire(timeout=0.4)
    except KeyboardInterrupt:
        print("interrupted")


def end():
    pass


work()
end()
