# SPDX-License-Identifier: MIT
"""calls-back.py MODULE [again]: a C function of the extension calls back while it holds a lock; with `again`
it is then called once more."""
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
    if "again" in sys.argv:
        extension.work(callback)


extension.work(callback)
work()
