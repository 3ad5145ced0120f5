# SPDX-License-Identifier: MIT
"""async with on a manager made of an asynchronous generator, as contextlib has it: whatever happens to
__aexit__, the generator is closed with the manager, and its with statement releases the lock."""
import threading

lock = threading.Lock()


async def holding():
    with lock:
        yield


class Guard:
    def __init__(self):
        self.generator = holding()

    def __aenter__(self):
        return self.generator.__anext__()

    async def __aexit__(self, *exception):
        await self.generator.aclose()


async def main():
    async with Guard():
        return 1


def work():
    try:
        main().send(None)
    except StopIteration:
        pass


work()
