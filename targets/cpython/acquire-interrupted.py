# SPDX-License-Identifier: MIT
"""acquire() of a lock that is never released is interrupted at once, but not right before its system
call."""
import threading

lock = threading.Lock()
lock.acquire()


def work():
    try:
        lock.acquire()
    except KeyboardInterrupt:
        print("interrupted")


def end():
    pass


work()
end()
