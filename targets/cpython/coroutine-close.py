# SPDX-License-Identifier: MIT
"""A suspended coroutine that is closed, with a lock held by a with statement: however its driver ends, it
is closed with the last reference to it."""
import threading

lock = threading.Lock()


class Once:
    def __await__(self):
        yield


async def main():
    with lock:
        await Once()


def work():
    coroutine = main()
    coroutine.send(None)
    coroutine.close()


work()
