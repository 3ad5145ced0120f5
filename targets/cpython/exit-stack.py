# SPDX-License-Identifier: MIT
"""ExitStack.enter_context(): Python code runs between the lock's __enter__ and the note that it must be left."""
import contextlib
import inspect  # noqa: F401 -- from 3.15 on the first use of enter_context() imports it
import threading

lock = threading.Lock()


def work():
    with contextlib.ExitStack() as stack:
        stack.enter_context(lock)
        return 1


work()
