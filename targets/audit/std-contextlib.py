# SPDX-License-Identifier: MIT
"""contextlib: an ExitStack that holds a file and a lock, closing(), redirect_stdout()."""
import contextlib
import io
import sys
import threading

lock = threading.Lock()
out = sys.stdout


def once():
    with contextlib.ExitStack() as stack:
        stack.enter_context(lock)
        file = stack.enter_context(contextlib.closing(io.StringIO()))
        with contextlib.redirect_stdout(file), contextlib.suppress(KeyError):
            print({}["missing"])


def work():
    try:
        once()
    except KeyboardInterrupt:
        pass


def end():
    pass


once()
once()
work()
end()
assert not lock.locked(), "the lock is held"
assert sys.stdout is out, "the output is still redirected"
