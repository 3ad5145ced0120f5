# SPDX-License-Identifier: MIT
"""time.sleep() is interrupted at once: the time that is left is not slept."""
import time


def work():
    try:
        time.sleep(0.4)
    except KeyboardInterrupt:
        print("interrupted")


def end():
    pass


work()
end()
