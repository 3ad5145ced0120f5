# SPDX-License-Identifier: MIT
"""The with statement on a Lock: whether it can leave it held depends on the version."""
import threading

lock = threading.Lock()


def work():
    with lock:
        return 1


work()
