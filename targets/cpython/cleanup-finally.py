# SPDX-License-Identifier: MIT
"""Two steps of cleanup in one finally block: an interruption in the first skips the second."""
done = []


def work():
    try:
        pass
    finally:
        done.append("first")
        done.append("second")


work()
