# SPDX-License-Identifier: MIT
"""time.sleep() for longer than anybody waits is interrupted at once. What arrives between the last look
at signals and the system call is noted and slept through: nothing looks at the note any more."""
import time


def work():
    try:
        time.sleep(1000000)
    except KeyboardInterrupt:
        print("interrupted")


def end():
    pass


work()
end()
