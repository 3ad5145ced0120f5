# SPDX-License-Identifier: MIT
"""concurrent.futures without an executor: a Future's life, a callback, wait()."""
from concurrent.futures import Future, wait

seen = []
kept = []  # a future is somebody else's too


def once():
    seen.clear()
    future = Future()
    kept.append(future)
    future.add_done_callback(lambda done: seen.append(done.result()))
    future.set_running_or_notify_cancel()
    future.set_result(1)
    wait([future])
    return future.result(), list(seen)


def work():
    try:
        return once()
    except KeyboardInterrupt:
        pass
    return once()


def end():
    pass


once()
expected = once()
got = work()
end()
assert got == expected, got
