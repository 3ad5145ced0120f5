# SPDX-License-Identifier: MIT
"""over.py EXTENSION: a C function that fails, and may look for signals with its exception set. Exit status
4: it was there that the interruption came up."""
import importlib
import os
import sys

folder, extension = os.path.split(sys.argv[1])
sys.path.insert(0, folder)
extension = importlib.import_module(extension.partition(".")[0])


def work():
    try:
        extension.work(False)
    except ValueError:
        pass
    except KeyboardInterrupt:
        sys.exit(4 if extension.work(True) else 5)


def end():
    pass


work()
end()
