# SPDX-License-Identifier: MIT
"""cysignals: its handler for SIGINT, with sig_on() and sig_check() in C code that it comes with."""
from cysignals.signals import python_check_interrupt
from cysignals.tests import test_try_finally_return


def once():
    test_try_finally_return()
    python_check_interrupt(0, None)
    return test_try_finally_return()


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
