# SPDX-License-Identifier: MIT
"""handled.py EXTENSION: a C function that calls back with an exception being handled. Exit status 4: one
still is in the end."""
import importlib
import os
import sys

folder, extension = os.path.split(sys.argv[1])
sys.path.insert(0, folder)
extension = importlib.import_module(extension.partition(".")[0])


def callback():
    pass


def work():
    try:
        extension.work(callback)
    except KeyboardInterrupt:
        pass


def end():
    pass


work()
end()
if sys.exc_info()[1]:
    sys.exit(4)
