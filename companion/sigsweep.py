# SPDX-License-Identifier: MIT
"""Tells sigsweep what matters in a Python program: which part to sweep, which objects to look at
after each interruption, which invariants must hold then.

    import sigsweep

    lock = sigsweep.watch(threading.Lock(), "the queue's lock")
    sigsweep.check(lambda: len(queue) == counter, "queue and counter agree")
    with sigsweep.window():
        work()

One file without dependencies: copy it or put its folder into PYTHONPATH. Without the harness, which
sets SIGSWEEP in the environment of the programs that it runs, every function does nothing: no object
is kept alive and no check is evaluated.

The harness never imports this module, writes to it or is called by it. It reads these attributes of
the module from outside, in a stopped process:

    __sigsweep_protocol__   1, the version of what follows
    __sigsweep_watched__    list of tuples (name, object), in the order of the calls of watch()
    __sigsweep_checks__     list of tuples (name, callable), in the order of the calls of check()
    __sigsweep_open__       list of the names of the windows that are open, the outermost first
    __sigsweep_results__    list of tuples (name, verdict, text) that __sigsweep_evaluate__() made;
                            verdict is "holds", "violated" or "raised"

and recognises two functions by their names when a frame of them appears or ends:

    __sigsweep_window_begin__(name)    its return begins the window
    __sigsweep_window_end__(name)      its call ends the window

At the end of a trial, once everything else has been read, it lets the trial's copy of the process
call __sigsweep_evaluate__() and reads the results.
"""

import os

__all__ = ["active", "check", "watch", "window"]

__sigsweep_protocol__ = 1
__sigsweep_watched__ = []
__sigsweep_checks__ = []
__sigsweep_open__ = []
__sigsweep_results__ = []

_active = "SIGSWEEP" in os.environ


def active():
    """Does this program run under sigsweep?"""
    return _active


def __sigsweep_window_begin__(name):
    __sigsweep_open__.append(name)


def __sigsweep_window_end__(name):
    # An interruption between the two lines of a caller may have lost the entry already.
    if name in __sigsweep_open__:
        __sigsweep_open__.remove(name)


class window:
    """The part of the program to sweep: a context manager and a decorator.

        with sigsweep.window("parser"):
            ...

        @sigsweep.window()
        def work(): ...

    Boundaries begin after __enter__ has been called and end before __exit__ is. Several windows of
    one name are swept as one; `--from` and `--to` of the command line overrule them.
    """

    def __init__(self, name="window"):
        self.name = name

    def __enter__(self):
        if _active:
            __sigsweep_window_begin__(self.name)
        return self

    def __exit__(self, kind, value, traceback):
        if _active:
            __sigsweep_window_end__(self.name)
        return False

    def __call__(self, function):
        if not _active:
            return function

        def windowed(*arguments, **keywords):
            with self:
                return function(*arguments, **keywords)

        windowed.__name__ = getattr(function, "__name__", "windowed")
        windowed.__doc__ = getattr(function, "__doc__", None)
        windowed.__wrapped__ = function
        return windowed


def watch(thing, name=None):
    """Has the harness look at an object in every trial, and returns it.

    Of a lock it reports that it is held at the end where the baseline holds it not; of any other
    object a reference count that differs from the baseline's. `name` is what reports call it
    (default: the name of its type). The object is kept alive under the harness.
    """
    if _active:
        __sigsweep_watched__.append((name or type(thing).__name__, thing))
    return thing


def check(invariant, name=None):
    """Has the harness call `invariant` at the end of every trial; it must return something true.

    It is called in a copy of the process that is thrown away after it, so it may change what it
    likes; it may have been interrupted anywhere, so it must not wait for a lock. Returns `invariant`,
    so that it can be used as a decorator.
    """
    if not callable(invariant):
        raise TypeError("check() takes a callable, not " + type(invariant).__name__)
    if _active:
        __sigsweep_checks__.append((name or getattr(invariant, "__name__", "check"), invariant))
    return invariant


def __sigsweep_evaluate__():
    """Calls every check; called by the harness only. Returns the number that did not hold."""
    del __sigsweep_results__[:]
    for name, invariant in __sigsweep_checks__:
        try:
            result = ("holds", "") if invariant() else ("violated", "")
        except BaseException as error:  # also KeyboardInterrupt: the trial ends here anyway
            result = ("raised", "%s: %s" % (type(error).__name__, error))
        __sigsweep_results__.append((name,) + result)
    return sum(result[1] != "holds" for result in __sigsweep_results__)
