# SPDX-License-Identifier: MIT
"""greenlet: switches there and back, one thrown into, one that is left unfinished and dies."""
from greenlet import GreenletExit, getcurrent, greenlet

log = []


def inner(value):
    parent = getcurrent().parent
    try:
        value = parent.switch(value + 1)
        value = parent.switch(value + 2)
    finally:
        log.append(value)
    return value


def once():
    log.clear()
    first = greenlet(inner)
    value = first.switch(1)
    value = first.switch(value)
    value = first.switch(value)
    second = greenlet(inner)
    second.switch(5)
    thrown = second.throw(GreenletExit)
    third = greenlet(inner)
    third.switch(7)
    del third
    return value, type(thrown).__name__, list(log)


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
