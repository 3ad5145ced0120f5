# SPDX-License-Identifier: MIT
"""A signal handler in C that only counts."""
import handler_good

log = []


def work():
    values = []
    for number in range(5):
        values.append([number])
        log.append(number)
    return values


handler_good.work(log)
work()
