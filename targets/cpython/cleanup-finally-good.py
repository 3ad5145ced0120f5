# SPDX-License-Identifier: MIT
"""One step of cleanup, which is taken before signals are looked at: from 3.11 on it cannot be skipped."""
done = []


def work():
    try:
        done.append("work")
    finally:
        done.append("cleanup")


work()
