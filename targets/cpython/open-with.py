# SPDX-License-Identifier: MIT
"""The with statement on a file: it must be closed when the function has been left."""
import os


def work():
    with open(os.devnull, "rb") as file:
        return file.read(1)


work()
