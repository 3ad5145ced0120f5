# SPDX-License-Identifier: MIT
"""A named temporary file: it is gone whenever the interruption came, which may itself be lost in the
file's __del__."""
import tempfile


def work():
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"1")


work()
