# SPDX-License-Identifier: MIT
"""peek.py EXTENSION: a handler in C that looks at the exception being handled. Exit status 4: it has kept a
reference to it."""
import importlib
import os
import sys

folder, extension = os.path.split(sys.argv[1])
sys.path.insert(0, folder)
extension = importlib.import_module(extension.partition(".")[0])
error = ValueError("expected")


def work():
    try:
        raise error
    except ValueError:
        pass


def end():
    pass


extension.work()
before = sys.getrefcount(error)
work()
end()
error.__traceback__ = None
if sys.getrefcount(error) != before:
    sys.exit(4)
