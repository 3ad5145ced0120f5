# SPDX-License-Identifier: MIT
"""Tells sigsweep what matters in a Python program: which part to sweep, which objects to look at
after each interruption, which invariants must hold then.

    import sigsweep

    lock = sigsweep.watch(threading.Lock(), "the queue's lock")
    sigsweep.check(lambda: len(queue) == counter, "queue and counter agree")
    with sigsweep.window():
        work()

One file without dependencies: copy it or put its folder into PYTHONPATH. The program imports it as
`sigsweep`, under no other name. Without the harness, which sets SIGSWEEP in the environment of the
programs that it runs, every function does nothing: no object is kept alive and no check is evaluated.

The harness never imports this module and never writes to it. It reads these attributes from outside,
in a stopped process:

    __sigsweep_protocol__   3, the version of what follows
    __sigsweep_watched__    list of tuples (name, object), in the order of the calls of watch()
    __sigsweep_checks__     list of tuples (name, callable), in the order of the calls of check()
    __sigsweep_open__       list of tuples (name, window), in the order in which they were opened: an
                            object that was entered again while it was open is there as often
    __sigsweep_results__    list of tuples (name, verdict, text) that __sigsweep_evaluate__() made;
                            verdict is "holds", "violated" or "raised"

A window that is opened is announced by a call of sys.audit("sigsweep.window", name), made by a
function that __enter__ calls: it is met there at no cost for programs that open none. The window
begins where the caller of __enter__ goes on, and ends where the __exit__ of this file begins with the
same object as its first argument, while the list has that once only. Windows of coroutines end in any
order: neither the number of those that are open nor their names tell which one does.

At the end of a trial, once everything else has been read, a copy of the process that went the same way
is made to call __sigsweep_evaluate__(), and the results are read.
"""

import os
import sys

__all__ = ["active", "check", "watch", "window"]

__sigsweep_protocol__ = 3
__sigsweep_watched__ = []
__sigsweep_checks__ = []
__sigsweep_open__ = []
__sigsweep_results__ = []

_active = "SIGSWEEP" in os.environ


def active():
    """Does this program run under sigsweep?"""
    return _active


# What a call of the function gives (Include/cpython/code.h, CO_*). The module inspect knows it as well,
# and loads much that the program would not have without the harness.
_GENERATOR = 0x20
_COROUTINE = 0x80
_ITERABLE_COROUTINE = 0x100  # a generator, by types.coroutine()
_ASYNC_GENERATOR = 0x200


def _flags_of(function):
    """0: it is not written in Python."""
    partial = getattr(sys.modules.get("functools"), "partial", ())
    while isinstance(function, partial):
        function = function.func
    function = getattr(function, "__func__", function)
    if not hasattr(function, "__code__"):
        function = getattr(type(function), "__call__", None)
    return getattr(getattr(function, "__code__", None), "co_flags", 0)


def _refuse(thing):
    """TypeError where no function that is called in its place could be what it was."""
    if isinstance(thing, type):
        raise TypeError("window() cannot wrap a class, %s: decorate its methods" % thing.__name__)
    if not callable(thing):
        raise TypeError("window() wraps what can be called, not " + type(thing).__name__)
    if _flags_of(thing) & _ASYNC_GENERATOR:
        raise TypeError("window() cannot wrap an asynchronous generator function: write `with "
                        "sigsweep.window():` in it")


# What functools.wraps() copies. From 3.14 on annotations are a function, since evaluating them may fail.
_COPIED = ("__module__", "__name__", "__qualname__", "__doc__", "__type_params__",
           "__annotate__" if sys.version_info >= (3, 14) else "__annotations__")


def _name_of(name):
    return name if type(name) is str else str(name)


def __sigsweep_window_begin__(opened):
    __sigsweep_open__.append((opened.name, opened))
    sys.audit("sigsweep.window", opened.name)


def __sigsweep_window_end__(closed):
    # An interruption between the two lines of a caller may have lost the entry already.
    for number in reversed(range(len(__sigsweep_open__))):
        if __sigsweep_open__[number][1] is closed:
            del __sigsweep_open__[number]
            break


class window:
    """The part of the program to sweep: a context manager and a decorator.

        with sigsweep.window("parser"):
            ...

        @sigsweep.window()
        def work(): ...

    Boundaries begin after __enter__ has returned and end before __exit__ has executed anything. Of
    several windows, or of one that is opened again, the first one is swept; `--from window:NAME`
    takes the first one of that name. A program that opens a window is swept there unless `--from` or
    `--to` says otherwise.

    What it decorates remains what it was, with the harness and without: a function, a coroutine
    function or a generator function, or the static method or class method of one. The window of
    coroutines and generators is open from their first step to their end, with what others execute in
    between. Each call has a window of its own. One object that is entered again while it is open is
    one window, until it was left as often. Any other callable becomes a function that calls it, under
    the harness only. Refused (TypeError) are asynchronous generator functions, classes, and what cannot
    be called, such as a property.
    """

    def __init__(self, name="window"):
        self.name = _name_of(name)

    def __enter__(self):
        if _active:
            __sigsweep_window_begin__(self)
        return self

    def __exit__(self, kind, value, traceback):
        if _active:
            __sigsweep_window_end__(self)
        return False

    def __call__(self, function):
        if isinstance(function, (staticmethod, classmethod)):
            wrapped = self(function.__func__)
            return type(function)(wrapped) if _active else function
        _refuse(function)
        return self._wrap(function, _flags_of(function)) if _active else function

    def _wrap(self, function, flags):
        """Of the same kind as the function, and open until what it gives has come to its end. Each call
        opens another object, since calls that go on by turns end in any order."""
        name = self.name
        if flags & _COROUTINE:
            async def windowed(*arguments, **keywords):
                with window(name):
                    return await function(*arguments, **keywords)
        elif flags & _GENERATOR:
            def windowed(*arguments, **keywords):
                with window(name):
                    return (yield from function(*arguments, **keywords))
            if flags & _ITERABLE_COROUTINE:
                windowed = sys.modules["types"].coroutine(windowed)
        else:
            def windowed(*arguments, **keywords):
                with window(name):
                    return function(*arguments, **keywords)
        for attribute in _COPIED:
            if hasattr(function, attribute):
                setattr(windowed, attribute, getattr(function, attribute))
        windowed.__dict__.update(getattr(function, "__dict__", {}))
        windowed.__wrapped__ = function
        return windowed


def watch(thing, name=None):
    """Has the harness look at an object in every trial, and returns it.

    Of a lock it reports that it is held at the end where the baseline holds it not; of any other
    object, where the script goes on to its end, a reference count that differs from the baseline's;
    str, bytes, numbers, None and modules, which everybody shares, are left out. `name` is what
    reports call it (default: the name of its type). The object is kept alive under the harness.
    """
    if _active:
        __sigsweep_watched__.append((_name_of(name or type(thing).__name__), thing))
    return thing


def check(invariant, name=None):
    """Has the harness call `invariant` at the end of every trial; it must return something true.

    The end is where the script is over, in whatever way, and every module and object is still there.
    It is called in a copy of the process that is thrown away after it, so it may change any object;
    files that it changes stay changed. It has two seconds, together with all other checks, and it may
    have been interrupted anywhere, so it must not wait for a lock. Returns `invariant`, so that it can
    be used as a decorator.
    """
    if not callable(invariant):
        raise TypeError("check() takes a callable, not " + type(invariant).__name__)
    if _active:
        __sigsweep_checks__.append((_name_of(name or getattr(invariant, "__name__", "check")),
                                    invariant))
    return invariant


def _describe(error):
    try:
        return "%s: %s" % (type(error).__name__, error)
    except BaseException:  # its own __str__ raises
        return type(error).__name__


def __sigsweep_evaluate__():
    """Calls every check; called by the harness only. Returns the number that did not hold."""
    del __sigsweep_results__[:]
    for name, invariant in __sigsweep_checks__:
        try:
            result = ("holds", "") if invariant() else ("violated", "")
        except BaseException as error:  # also KeyboardInterrupt: the trial ends here anyway
            result = ("raised", _describe(error))
        __sigsweep_results__.append((name,) + result)
    return sum(result[1] != "holds" for result in __sigsweep_results__)
