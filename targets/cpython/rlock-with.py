# SPDX-License-Identifier: MIT
"""The with statement on an RLock: whether it can leave it held depends on the version."""
import threading

lock = threading.RLock()


def work():
    with lock:
        return 1


work()
