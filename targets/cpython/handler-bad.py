# SPDX-License-Identifier: MIT
"""A signal handler in C that calls the C API, wherever the interpreter is."""
import handler_bad

log = []


def work():
    values = []
    for number in range(5):
        values.append([number])
        log.append(number)
    return values


handler_bad.work(log)
work()
