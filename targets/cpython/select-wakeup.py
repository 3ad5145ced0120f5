# SPDX-License-Identifier: MIT
"""select() on a pipe to which CPython's own C handler writes (signal.set_wakeup_fd()): it ends wherever
the signal arrives, also right before its system call."""
import os
import select
import signal

reader, writer = os.pipe()
os.set_blocking(writer, False)
signal.set_wakeup_fd(writer)


def work():
    try:
        select.select([reader], [], [])
    except KeyboardInterrupt:
        print("interrupted")


def end():
    pass


work()
end()
