# SPDX-License-Identifier: MIT
"""async with on a manager in Python: signals are looked at behind the acquire() in __aenter__, and before
the release() in __aexit__."""
import threading

lock = threading.Lock()


class Guard:
    async def __aenter__(self):
        lock.acquire()

    async def __aexit__(self, *exception):
        lock.release()


async def main():
    async with Guard():
        return 1


def work():
    try:
        main().send(None)
    except StopIteration:
        pass


work()
