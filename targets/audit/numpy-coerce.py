# SPDX-License-Identifier: MIT
"""numpy makes an array of a sequence written in Python, and asks it for its length."""
import numpy


class Numbers:
    def __len__(self):
        size = 3
        return size

    def __getitem__(self, index):
        if index < 3:
            return index
        raise IndexError(index)


def once():
    return numpy.array(Numbers()).tolist()


def work():
    try:
        return once()
    except KeyboardInterrupt:
        pass
    return once()


def end():
    pass


once()
expected = once()
got = work()
end()
assert got == expected, got
