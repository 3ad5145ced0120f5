# SPDX-License-Identifier: MIT
"""Runs a script of this folder and says afterwards what it left behind: exit status 3 for a lock that
is still held, a descriptor that is open, a temporary file. The window of a sweep ends at end()."""
import os
import sys
import threading


def end():
    return None


def is_held(value):
    """Of the kinds of lock that the scripts have; each is free before the script takes it."""
    if isinstance(value, type(threading.Lock())):
        return value.locked()
    if isinstance(value, (type(threading.RLock()), threading.Condition)):
        return value._is_owned()
    return isinstance(value, threading.Semaphore) and value._value == 0


def descriptors():
    return set(os.listdir("/proc/self/fd"))


def private_folder():
    """Where the script's temporary files go, so that what is left of them can be told from others. Their
    names are no longer drawn by lot: how often that is done again would differ from run to run."""
    import itertools
    import tempfile

    tempfile.tempdir = tempfile.mkdtemp(prefix="held-")
    tempfile._name_sequence = map(str, itertools.count())
    return tempfile.tempdir


def files_in(folder):
    """The files that are left in it; nothing is left then."""
    import shutil

    files = os.listdir(folder)
    shutil.rmtree(folder)
    return files


def run(path):
    space = {"__name__": "__main__"}
    with open(path) as file:
        text = file.read()
    code = compile(text, path, "exec")
    folder = private_folder() if "import tempfile" in text else None
    before = descriptors()
    try:
        exec(code, space)
    except KeyboardInterrupt:
        pass
    end()
    left = [name for name, value in space.items() if is_held(value)]
    left += descriptors() - before
    left += files_in(folder) if folder else []
    if left:
        print("left behind:", *left)
        sys.exit(3)


run(sys.argv[1])
