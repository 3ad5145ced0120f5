# SPDX-License-Identifier: MIT
"""numpy sorts a million numbers: no signal is looked for meanwhile."""
import numpy

values = numpy.random.default_rng(1).random(1000000)


def work():
    return numpy.sort(values)


def end():
    pass


work()
end()
