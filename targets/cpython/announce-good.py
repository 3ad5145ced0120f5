# SPDX-License-Identifier: MIT
"""An extension declares for a while that interruptions are harmless."""
import sys

from announce_good import harmless


def work():
    harmless(True)
    harmless(False)


def end():
    pass


try:
    work()
    end()
except KeyboardInterrupt:
    sys.exit(3)
