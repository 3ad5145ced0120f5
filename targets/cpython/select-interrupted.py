# SPDX-License-Identifier: MIT
"""select() on a pipe to which nobody writes is interrupted at once."""
import os
import select

reader, writer = os.pipe()


def work():
    try:
        select.select([reader], [], [], 0.4)
    except KeyboardInterrupt:
        print("interrupted")


def end():
    pass


work()
end()
