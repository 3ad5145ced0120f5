# SPDX-License-Identifier: MIT
"""mkstemp(), then try: an interruption between the two leaves the file behind."""
import os
import tempfile


def work():
    descriptor, path = tempfile.mkstemp()
    try:
        os.write(descriptor, b"1")
    finally:
        os.close(descriptor)
        os.unlink(path)


work()
