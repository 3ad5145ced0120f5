# SPDX-License-Identifier: MIT
"""A check that does not hold without a signal either: it says nothing about signals."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "companion"))
import sigsweep  # noqa: E402

items, count = [], 0


@sigsweep.check
def items_and_count_agree():
    return len(items) == count


def add(item):
    items.append(item)


def work():
    try:
        with sigsweep.window("adding"):
            add(1)
    except KeyboardInterrupt:
        pass


work()
