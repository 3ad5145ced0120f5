# SPDX-License-Identifier: MIT
"""A with statement whose body loops: backward jumps are where the interpreter looks for signals."""
import threading

lock = threading.Lock()


def work():
    total = 0
    with lock:
        for number in range(3):
            total += number
    return total


work()
