# SPDX-License-Identifier: MIT
"""A temporary directory with a file in it: both must be gone."""
import os
import tempfile


def work():
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "file"), "w") as file:
            file.write("1")


work()
