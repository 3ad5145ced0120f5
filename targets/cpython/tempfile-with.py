# SPDX-License-Identifier: MIT
"""A named temporary file: it must be gone whenever the interruption came."""
import tempfile


def work():
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"1")


work()
