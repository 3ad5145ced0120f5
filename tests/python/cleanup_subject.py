# SPDX-License-Identifier: MIT
"""Subjects of test_cleanup.py. `cleanup_subject.py NAME tell` knows itself whether its cleanup was done:
exit status 3 where something is left open. Without `tell` only what it does shows it."""
import atexit
import os
import signal
import sys

left = []


class Thing:
    def __init__(self, is_open=True):
        self.is_open = is_open
        self.name = id(self)

    def open(self):
        if self.is_open:
            left.append(self.name)

    def close(self):
        if self.name in left:
            left.remove(self.name)

    __enter__ = open

    def __exit__(self, *_):
        self.close()


class Silent(Thing):
    """Lets no exception through."""

    def __exit__(self, *_):
        self.close()
        return True


class Dropped(Thing):
    """Closed at the latest when nobody refers to it."""

    def __del__(self):
        self.close()


def loop():
    """One line comes to the same place with something to clean up and without."""
    for is_open in (True, False, True):
        with Thing(is_open):
            len("x")


def once():
    thing = Thing()
    try:
        thing.open()
    finally:
        thing.close()


def retry():
    """What the second call cleans up is not the first one's."""
    for _ in range(2):
        try:
            return once()
        except KeyboardInterrupt:
            pass
    return None


def several():
    things = [Thing(), Thing()]
    try:
        for thing in things:
            thing.open()
    finally:
        for thing in things:
            thing.close()


def nested():
    with Thing():
        with Thing():
            len("x")


def dropped():
    thing = Dropped()
    try:
        thing.open()
    finally:
        thing.close()


def caught():
    """The block's own except clause, which it protects as well, goes on with what is raised."""
    thing = Thing()
    try:
        thing.open()
        len("x")
    except KeyboardInterrupt:
        len("y")
        raise
    finally:
        thing.close()


def numbers(thing):
    try:
        thing.open()
        yield 1
    finally:
        thing.close()


def generator():
    for _ in range(2):
        try:
            return list(numbers(Thing()))
        except KeyboardInterrupt:
            pass
    return None


def silenced():
    """What follows is reached only because the exit said to go on, and is no cleanup of it."""
    with Silent():
        raise KeyError
    len("x")
    len("y")


def behind_clause():
    """Only an except clause leads to what protects."""
    try:
        return {}["x"]
    except KeyError:
        pass
    thing = Thing()
    try:
        thing.open()
    finally:
        len("x")
        thing.close()


def in_clause():
    try:
        return {}["x"]
    except KeyError as error:
        thing = Thing()
        try:
            thing.open()
        finally:
            len(error.args)
            thing.close()


def with_in_clause():
    try:
        return {}["x"]
    except KeyError:
        with Thing():
            len("x")


def by_clause():
    """What the second round does in its except clause is another's cleanup, as in the first."""
    for key in (1, 2):
        thing = Thing()
        try:
            thing.open()
            {1: 1}[key]
        except (KeyError, KeyboardInterrupt):
            return
        finally:
            thing.close()


def clause_in_cleanup():
    """The cleanup goes on in an except clause of its own."""
    thing = Thing()
    try:
        thing.open()
    finally:
        try:
            {}["x"]
        except KeyError:
            len("x")
            thing.close()


def behind_import():
    """What comes before the block ends as what comes before the one that forgets a clause's name."""
    thing = Thing()
    from sys import maxsize
    try:
        thing.open()
    finally:
        len("x")
        thing.close()
    (number := maxsize)
    try:
        thing.open()
    finally:
        len(str(number))
        thing.close()


def define(name, *body):
    space = dict(globals())
    exec("\n    ".join([f"def {name}():", *body]), space)
    return space[name]


many_constants = define("many_constants", '"None is a constant beyond the first 256."',
                        "if not Thing:", *[f"    len('{n}')" for n in range(300)],
                        "with Thing():", "    len('x')")
far = define("far", "if not Thing:", "    " + "len('x');" * 4200, "with Thing():",
             "    len('x')")
too_many = define("too_many", "if len('x'):", "    return",
                  *["with Thing():", "    len('x')"] * 70)


def let_in():
    """Blocked where it arrives; the cleanup lets it in."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    thing = Thing()
    try:
        thing.open()
    finally:
        len("x")
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        thing.close()


def after_too_many():
    too_many()
    len("x")
    once()


def work():
    globals()[sys.argv[1]]()


def end():
    pass


def tell():
    if left and "tell" in sys.argv:
        os._exit(3)


atexit.register(tell)
try:
    work()
except KeyboardInterrupt:
    pass
end()
