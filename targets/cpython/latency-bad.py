# SPDX-License-Identifier: MIT
"""A calculation in C that never looks for signals: Ctrl-C waits until it is done."""
import latency_bad


def work():
    return latency_bad.work(50000000)


def end():
    pass


work()
end()
