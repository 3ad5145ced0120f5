# SPDX-License-Identifier: MIT
"""The with statement on a Condition: whether it can leave it held depends on the version."""
import threading

lock = threading.Condition()


def work():
    with lock:
        return 1


work()
