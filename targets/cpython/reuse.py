# SPDX-License-Identifier: MIT
"""reuse.py MODULE: a C function calls back with a lock held; after an interruption the memory in which the
lock was is something else."""
import importlib
import sys

extension = importlib.import_module(sys.argv[1])


def callback():
    return 1


def work():
    for turn in range(2):
        try:
            extension.work(callback)
        except KeyboardInterrupt:
            pass


def end():
    pass


work()
end()
