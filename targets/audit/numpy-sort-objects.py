# SPDX-License-Identifier: MIT
"""numpy sorts objects whose comparison is written in Python."""
import numpy


class Number:
    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        mine = self.value
        return mine < other.value


numbers = numpy.array([Number(n) for n in (3, 1, 2, 5, 4)], dtype=object)


def once():
    return [number.value for number in numpy.sort(numbers)]


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
