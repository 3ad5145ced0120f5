# SPDX-License-Identifier: MIT
"""A with statement in a loop, left by continue, by break and by its end."""
import threading

lock = threading.Lock()


def work():
    for number in range(4):
        with lock:
            if number == 1:
                continue
            if number == 2:
                break


work()
