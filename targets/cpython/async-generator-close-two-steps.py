# SPDX-License-Identifier: MIT
"""An asynchronous generator that is closed, with two steps in its finally block: what comes up behind the
first one skips the second."""
import threading

lock = threading.Lock()
done = []


async def numbers():
    lock.acquire()
    try:
        yield 1
    finally:
        done.append(1)
        lock.release()


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
