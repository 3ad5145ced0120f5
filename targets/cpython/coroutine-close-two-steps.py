# SPDX-License-Identifier: MIT
"""A suspended coroutine that is closed, with two steps in its finally block: what comes up behind the first
one skips the second."""
import threading

lock = threading.Lock()
done = []


class Once:
    def __await__(self):
        yield


async def main():
    lock.acquire()
    try:
        await Once()
    finally:
        done.append(1)
        lock.release()


def work():
    coroutine = main()
    coroutine.send(None)
    coroutine.close()


work()
