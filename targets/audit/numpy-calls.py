# SPDX-License-Identifier: MIT
"""numpy: short calls that stay in C, and one ufunc that calls back into Python."""
import numpy

add = numpy.frompyfunc(lambda left, right: left + right, 2, 1)


def once():
    values = numpy.arange(12, dtype=float)
    table = values.reshape(3, 4)
    ordered = numpy.sort(values[::-1])
    both = add(ordered[:3], 1)
    return float((table * table.T.copy().T).sum() + numpy.fromiter(both, float).max())


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
