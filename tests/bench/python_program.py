# SPDX-License-Identifier: MIT
"""The CPython program that `make bench` sweeps, and what it could do by itself at most: ceiling.c
in Python. The window begins at getppid and ends at getpid, which nothing else here calls.

  python_program.py sweep LENGTH         the program
  python_program.py fork LENGTH COUNT    the window's start COUNT times over, each in a fork, signalled
  python_program.py bare LENGTH COUNT    as many forks that end at once
"""

import os
import signal
import sys
import time

interrupted = False


def on_signal(_number, _frame):
    global interrupted
    interrupted = True


def make_children(count, is_bare):
    """Returns in a child that is to go through the window; the parent ends here."""
    terminal = os.dup(1)
    os.dup2(os.memfd_create("ceiling-stdout"), 1)
    start = time.monotonic()
    for _ in range(count):
        child = os.fork()
        if child == 0:
            if is_bare:
                os._exit(0)
            return
        if os.waitpid(child, 0)[1] != 0:
            sys.exit("a child did not end as it should")
        os.ftruncate(1, 0)
        os.lseek(1, 0, os.SEEK_SET)
    os.write(terminal, b"%.6f\n" % (time.monotonic() - start))
    os._exit(0)


def compute(length):
    value = 1
    for i in range(length):
        value = (value * 31 + i) & 0xFFFF
    return value


def main():
    mode, length = sys.argv[1], int(sys.argv[2])
    signal.signal(signal.SIGINT, on_signal)
    if mode != "sweep":
        make_children(int(sys.argv[3]), mode == "bare")
        signal.raise_signal(signal.SIGINT)
    os.getppid()
    value = compute(length)
    os.getpid()
    print(value, flush=True)
    # Taking the interpreter down would take forty times as long as all the rest, and hide it.
    os._exit(0)


main()
