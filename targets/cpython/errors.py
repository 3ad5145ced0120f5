# SPDX-License-Identifier: MIT
"""errors.py EXTENSION HOW: a C function that looks for signals and may get the error path wrong; the
object that it is given is announced."""
import importlib
import os
import sys

folder, extension = os.path.split(sys.argv[1])
sys.path[:0] = [folder, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../companion")]
extension = importlib.import_module(extension.partition(".")[0])
import sigsweep  # noqa: E402

how = sys.argv[2]
thing = sigsweep.watch([], "the thing")


def work():
    try:
        return extension.work(thing, how)
    except KeyboardInterrupt:
        return None
    except ValueError:
        return None


def end():
    pass


extension.work(thing, how)
work()
end()
