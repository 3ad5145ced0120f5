# SPDX-License-Identifier: MIT
"""A check that raises where an interruption came between taking an entry out and putting it back."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "companion"))
import sigsweep  # noqa: E402

table = {"entry": 1}


@sigsweep.check
def entry_is_positive():
    return table["entry"] > 0


def change():
    value = table.pop("entry")
    table["entry"] = value + 1


def work():
    try:
        with sigsweep.window("changing"):
            change()
    except KeyboardInterrupt:
        pass


work()
