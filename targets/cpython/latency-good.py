# SPDX-License-Identifier: MIT
"""A calculation in C that looks for signals: Ctrl-C is answered at once."""
import latency_good


def work():
    return latency_good.work(50000000)


def end():
    pass


work()
end()
