# SPDX-License-Identifier: MIT
"""Two with statements, one in the other: neither lock may stay held."""
import threading

outer = threading.Lock()
inner = threading.Lock()


def work():
    with outer:
        with inner:
            return 1


work()
