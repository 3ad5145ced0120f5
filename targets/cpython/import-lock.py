# SPDX-License-Identifier: MIT
"""An import that is interrupted: exit status 3 where the import lock is still held afterwards."""
import _imp
import sys

try:
    import colorsys
except KeyboardInterrupt:
    pass
sys.exit(3 if _imp.lock_held() else 0)
