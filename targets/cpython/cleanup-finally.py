# SPDX-License-Identifier: MIT
"""Two steps of cleanup in one finally block: an interruption in the first skips the second."""
done = []


def work():
    try:
        done.append("work")
    finally:
        done.append("first")
        done.append("second")


work()
