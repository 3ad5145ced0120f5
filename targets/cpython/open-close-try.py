# SPDX-License-Identifier: MIT
"""open(), then try: an interruption between the two leaves closing the file to its deallocation."""
import os


def work():
    file = open(os.devnull, "rb")
    try:
        return file.read(1)
    finally:
        file.close()


work()
