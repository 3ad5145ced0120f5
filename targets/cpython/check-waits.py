# SPDX-License-Identifier: MIT
"""A check that waits for a lock: where an interruption left it held it never returns."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "companion"))
import sigsweep  # noqa: E402

import threading  # noqa: E402

lock = threading.Lock()


@sigsweep.check
def lock_can_be_had():
    with lock:
        return True


def hold():
    lock.acquire()
    try:
        return 1
    finally:
        lock.release()


def work():
    try:
        with sigsweep.window("holding"):
            hold()
    except KeyboardInterrupt:
        pass


work()
