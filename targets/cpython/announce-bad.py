# SPDX-License-Identifier: MIT
"""The twin of announce-good that declares nothing."""
import sys

from announce_bad import harmless


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
