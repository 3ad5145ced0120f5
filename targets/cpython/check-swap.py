# SPDX-License-Identifier: MIT
"""Both values are made anew and put in place with one store: they agree at any time."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "companion"))
import sigsweep  # noqa: E402

state = [], 0


@sigsweep.check
def items_and_count_agree():
    items, count = state
    return len(items) == count


def add(item):
    global state
    items, count = state
    state = items + [item], count + 1


def work():
    try:
        with sigsweep.window("adding"):
            add(1)
    except KeyboardInterrupt:
        pass


work()
