# SPDX-License-Identifier: MIT
"""An asynchronous generator that is left in its middle and closed, with a lock held by a with statement:
without an event loop it is closed with the last reference to it."""
import threading

lock = threading.Lock()


async def numbers():
    with lock:
        yield 1


async def main():
    generator = numbers()
    await generator.__anext__()
    await generator.aclose()


def work():
    try:
        main().send(None)
    except StopIteration:
        pass


work()
