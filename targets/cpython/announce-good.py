# SPDX-License-Identifier: MIT
"""An extension declares before the window that interruptions are harmless, and once more in it."""
import sys

from announce_good import harmless


def work():
    harmless(True)
    harmless(False)


def end():
    pass


try:
    harmless(True)
    work()
    end()
except KeyboardInterrupt:
    sys.exit(3)
