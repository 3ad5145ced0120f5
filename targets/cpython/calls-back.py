# SPDX-License-Identifier: MIT
"""calls-back.py MODULE: a C function of the extension calls back while it holds a lock."""
import importlib
import sys

extension = importlib.import_module(sys.argv[1])


def callback():
    for number in range(3):
        pass
    return 1


def work():
    try:
        extension.work(callback)
    except KeyboardInterrupt:
        pass


extension.work(callback)
work()
