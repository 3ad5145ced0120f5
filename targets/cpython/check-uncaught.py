# SPDX-License-Identifier: MIT
"""As check-append.py, and KeyboardInterrupt leaves the script."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "companion"))
import sigsweep  # noqa: E402

items, count = [], 0


@sigsweep.check
def items_and_count_agree():
    return len(items) == count


def add(item):
    global count
    items.append(item)
    count += 1


def work():
    with sigsweep.window("adding"):
        add(1)


work()
