# SPDX-License-Identifier: MIT
"""select() on a pipe to which nobody writes is interrupted at once, but not right before its system call:
select-wakeup.py is the twin that is."""
import os
import select

reader, writer = os.pipe()


def work():
    try:
        select.select([reader], [], [])
    except KeyboardInterrupt:
        print("interrupted")


def end():
    pass


work()
end()
