# SPDX-License-Identifier: MIT
"""A subject that knows itself what became of an interruption: its exit status says it. `went_subject.py
[flag|raise]`: with a handler of its own that returns, or that raises an exception of its own."""
import contextlib
import signal
import sys
import threading

CAUGHT, BARE, REPLACED, UNRAISABLE, RETURNED = 10, 11, 12, 14, 15
state = []
deleted = []
lock = threading.Lock()


class Custom(Exception):
    pass


EXPECTED = KeyboardInterrupt


def mark(status):
    if not state:
        state.append(status)


def step(number):
    return number + 1


def typed():
    try:
        step(1)
    except EXPECTED:
        mark(CAUGHT)


def second_clause():
    try:
        step(1)
    except ValueError:
        mark(99)
    except (OSError, EXPECTED) as error:
        mark(CAUGHT if error else 99)


def bare():
    try:
        step(1)
    except:  # noqa: E722
        mark(BARE)


def bare_behind_typed():
    try:
        step(1)
    except ValueError:
        mark(99)
    except:  # noqa: E722
        mark(BARE)


def base_passed_on():
    try:
        try:
            step(1)
        except BaseException:
            raise
    except EXPECTED:
        mark(CAUGHT)


def clause_raises_other():
    try:
        try:
            step(1)
        except EXPECTED:
            mark(CAUGHT)
            raise LookupError
    except LookupError:
        pass


def finally_passes():
    try:
        step(1)
    finally:
        step(2)


def finally_leaves():
    for number in range(1):
        try:
            step(number)
        finally:
            if sys.exc_info()[0] is EXPECTED:
                mark(BARE)
            break


def finally_raises():
    try:
        try:
            step(1)
        finally:
            if sys.exc_info()[0] is EXPECTED:
                raise ValueError
    except ValueError:
        mark(REPLACED)


class Manager:
    def __init__(self, raises):
        self.raises = raises

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if kind is not EXPECTED:
            return False
        if self.raises:
            raise ValueError
        mark(CAUGHT)
        return True


def with_lock():
    with lock:
        step(1)


def with_swallows():
    with Manager(False):
        step(1)


def with_raises():
    try:
        with Manager(True):
            step(1)
    except ValueError:
        mark(REPLACED)


def with_suppress():
    before = True
    with contextlib.suppress(EXPECTED):
        step(1)
        before = False
    if before:
        mark(CAUGHT)


def in_clause():
    """Another exception is being handled all the while."""
    try:
        raise ValueError
    except ValueError:
        try:
            step(1)
        except EXPECTED:
            try:
                raise OSError
            except OSError:
                pass
            mark(CAUGHT)


def numbers():
    try:
        yield step(1)
        yield step(2)
    except EXPECTED:
        mark(CAUGHT)
        yield 3


def numbers_finally():
    try:
        yield step(1)
    finally:
        step(2)


def generators():
    for _ in numbers():
        pass
    try:
        for _ in numbers_finally():
            pass
    except EXPECTED:
        mark(CAUGHT)


def through_c():
    try:
        sorted([3, 2, 1], key=step)
        [step(number) for number in map(step, range(2))]
    except EXPECTED:
        mark(CAUGHT)


def deep(depth):
    return max([depth], key=deep_key) if depth == 0 else max([depth], key=lambda n: deep(depth - 1) or 0)


def deep_key(number):
    return step(number)


def through_much():
    try:
        deep(5)
    except EXPECTED:
        mark(CAUGHT)


def class_by_expression():
    try:
        step(1)
    except ValueError and OSError or EXPECTED:
        mark(CAUGHT)


def class_with_a_name():
    try:
        step(1)
    except (kind := EXPECTED):
        mark(CAUGHT if kind else 99)


def put_away():
    """Raised again by code that had it, behind the clause that asked for it."""
    kept = None
    try:
        step(1)
    except BaseException as error:
        kept = error
    if kept:
        raise kept


def raised_later():
    try:
        put_away()
    except EXPECTED:
        mark(CAUGHT)


class Busy:
    """Raises and catches, as often as it is dropped."""

    def __del__(self):
        try:
            {}[1]
        except KeyError:
            pass


def numbers_busy():
    try:
        yield 1
        yield 2
    finally:
        Busy()


def drops(depth):
    busy = Busy()
    try:
        if depth:
            return drops(depth - 1)
        for _ in numbers_busy():
            step(1)
    finally:
        len([])
    return busy


def through_destructors():
    """What comes up while the interruption is put aside is not it."""
    try:
        drops(4)
    except EXPECTED:
        mark(CAUGHT)


class Thing:
    def __del__(self):
        step(1)
        deleted.append(self.__class__)


def unraisable():
    thing = Thing()
    thing = None
    if not deleted:
        mark(UNRAISABLE)
    return thing


def subject():
    for function in (typed, second_clause, bare, bare_behind_typed, base_passed_on,
                     clause_raises_other, finally_passes, finally_leaves, finally_raises, with_lock,
                     with_swallows, with_raises, with_suppress, in_clause, generators, through_c,
                     through_much, class_by_expression, class_with_a_name, raised_later,
                     through_destructors, unraisable):
        function()


def done():
    pass


def flag(number, frame):
    try:
        raise Custom
    except Custom:
        pass
    mark(RETURNED)


def refuse():
    raise Custom


def custom(number, frame):
    try:
        raise Custom
    except Custom:
        pass
    refuse()


if sys.argv[1:] == ["flag"]:
    signal.signal(signal.SIGINT, flag)
if sys.argv[1:] == ["raise"]:
    EXPECTED = Custom
    signal.signal(signal.SIGINT, custom)
subject()
done()
sys.exit(state[0] if state else 0)
