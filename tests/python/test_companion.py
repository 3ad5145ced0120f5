#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The companion module with and without the harness. Run: python3 -m unittest tests/python/*.py"""

import abc
import contextlib
import functools
import importlib.util
import inspect
import os
import sys
import types
import unittest

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "companion",
                    "sigsweep.py")


def load(active):
    """A fresh copy of the module, as it is under the harness or without it."""
    before = os.environ.pop("SIGSWEEP", None)
    if active:
        os.environ["SIGSWEEP"] = "1"
    try:
        spec = importlib.util.spec_from_file_location("sigsweep", PATH)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        os.environ.pop("SIGSWEEP", None)
        if before is not None:
            os.environ["SIGSWEEP"] = before
    return module


KINDS = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)


def kind(function):
    return [is_kind(function) for is_kind in KINDS]


async def gather(value, more=0):
    """What it does."""
    return value + more + len(await suspend("first")) + len(await suspend("second"))


@types.coroutine
def suspend(what):
    return (yield what)


def count(limit):
    """What it does."""
    for number in range(limit):
        got = yield number
        if got:
            return got
    return "end"


async def produce():
    yield 1


def work(value):
    return value


class Callable:
    async def __call__(self):
        return 3


class Alike:
    """What window() decorates is used in the same way with the harness and without."""

    def test_methods_of_all_kinds(self):
        window = self.sigsweep.window

        class Subject:
            @window()
            def plain(self, value):
                return type(self), value

            @window()
            @staticmethod
            def static(value):
                return value

            @window()
            @classmethod
            def of_class(cls, value):
                return cls, value

            @staticmethod
            @window()
            def static_outside(value):
                return value

        for subject in Subject(), Subject:
            self.assertEqual(subject.static(1), 1)
            self.assertEqual(subject.static_outside(1), 1)
            self.assertEqual(subject.of_class(1), (Subject, 1))
        self.assertEqual(Subject().plain(1), (Subject, 1))
        self.assertIs(type(vars(Subject)["static"]), staticmethod)
        self.assertIs(type(vars(Subject)["of_class"]), classmethod)
        self.assertEqual(Subject.static.__name__, "static")

    def test_methods_of_coroutine_and_generator_functions(self):
        for make in staticmethod, classmethod:
            for function in gather, suspend, count:
                wrapped = self.sigsweep.window()(make(function))
                self.assertIs(type(wrapped), make)
                self.assertEqual(kind(wrapped.__func__), kind(function))

    def test_what_a_function_was_given(self):
        @self.sigsweep.window()
        def marked():
            """Where an attribute is set, and read by others."""
        marked.mark = 1
        self.assertEqual(self.sigsweep.window()(marked).mark, 1)

        class Abstract(abc.ABC):
            @self.sigsweep.window()
            @staticmethod
            @abc.abstractmethod
            def method():
                """To be defined."""
        self.assertRaises(TypeError, Abstract)

    def test_annotations(self):
        """singledispatch() asks for the wrapper's own."""
        @functools.singledispatch
        def name(thing):
            return "thing"

        @name.register
        @self.sigsweep.window()
        def _(thing: int):
            return "number"
        self.assertEqual((name("x"), name(1)), ("thing", "number"))

    def test_classes_are_refused(self):
        for thing in Callable, int, staticmethod(Callable), classmethod(Callable):
            with self.assertRaisesRegex(TypeError, "cannot wrap a class"):
                self.sigsweep.window()(thing)

    def test_what_cannot_be_called_is_refused(self):
        for thing in (property(work), functools.partialmethod(work), functools.cached_property(work),
                      3, None, classmethod(property(work))):
            with self.assertRaisesRegex(TypeError, "what can be called, not "):
                self.sigsweep.window()(thing)

    def test_asynchronous_generators_are_refused(self):
        for thing in produce, staticmethod(produce), classmethod(produce):
            with self.assertRaisesRegex(TypeError, "asynchronous generator"):
                self.sigsweep.window()(thing)
        self.assertEqual(self.sigsweep.__sigsweep_open__, [])


class WithoutHarness(Alike, unittest.TestCase):
    def setUp(self):
        self.sigsweep = load(False)

    def test_nothing_is_kept(self):
        thing = object()
        before = sys.getrefcount(thing)
        self.assertIs(self.sigsweep.watch(thing), thing)
        self.assertEqual(sys.getrefcount(thing), before)
        self.assertEqual(self.sigsweep.__sigsweep_watched__, [])

    def test_no_check_is_called(self):
        called = []
        self.sigsweep.check(lambda: called.append(1))
        self.assertEqual(self.sigsweep.__sigsweep_evaluate__(), 0)
        self.assertEqual(called, [])

    def test_window_calls_nothing(self):
        def begin(name):
            self.fail("the window was announced")
        self.sigsweep.__sigsweep_window_begin__ = begin
        with self.sigsweep.window():
            pass
        self.assertEqual(self.sigsweep.__sigsweep_open__, [])

    def test_decorator_returns_the_function_itself(self):
        for function in (work, gather, suspend, count, Callable(), functools.partial(gather, 1),
                         staticmethod(work), classmethod(work)):
            self.assertIs(self.sigsweep.window()(function), function)

    def test_inactive(self):
        self.assertFalse(self.sigsweep.active())


class UnderHarness(Alike, unittest.TestCase):
    def setUp(self):
        self.sigsweep = load(True)

    def open(self):
        """The names of the windows that are open."""
        return [name for name, _ in self.sigsweep.__sigsweep_open__]

    def test_active(self):
        self.assertTrue(self.sigsweep.active())
        self.assertEqual(self.sigsweep.__sigsweep_protocol__, 3)

    def test_watch(self):
        thing = []
        self.assertIs(self.sigsweep.watch(thing, "the list"), thing)
        self.sigsweep.watch(3)
        self.assertEqual(self.sigsweep.__sigsweep_watched__, [("the list", thing), ("int", 3)])

    def test_checks(self):
        def broken():
            raise KeyboardInterrupt("late")
        self.sigsweep.check(lambda: True, "good")
        self.sigsweep.check(lambda: 0, "bad")
        self.sigsweep.check(broken)
        for _ in range(2):  # evaluated anew each time
            self.assertEqual(self.sigsweep.__sigsweep_evaluate__(), 2)
            self.assertEqual(self.sigsweep.__sigsweep_results__,
                             [("good", "holds", ""), ("bad", "violated", ""),
                              ("broken", "raised", "KeyboardInterrupt: late")])

    def test_check_wants_a_callable(self):
        self.assertRaises(TypeError, self.sigsweep.check, 3)

    def test_check_is_a_decorator(self):
        @self.sigsweep.check
        def invariant():
            return True
        self.assertTrue(invariant())
        self.assertEqual(self.sigsweep.__sigsweep_checks__, [("invariant", invariant)])

    def test_windows_nest_and_end_on_exceptions(self):
        with self.sigsweep.window("outer"):
            self.assertRaises(ValueError, self.nested)
            self.assertEqual(self.open(), ["outer"])
        self.assertEqual(self.open(), [])

    def nested(self):
        with self.sigsweep.window("inner"):
            self.assertEqual(self.open(), ["outer", "inner"])
            raise ValueError

    def test_the_object_tells_which_window_is_closed(self):
        first, second = self.sigsweep.window("work"), self.sigsweep.window("work")
        with contextlib.ExitStack() as stack:
            stack.enter_context(first)
            stack.enter_context(second)
            stack.enter_context(second)
            first.__exit__(None, None, None)
            self.assertEqual(self.sigsweep.__sigsweep_open__, [("work", second), ("work", second)])
            first.__enter__()
        self.assertEqual(self.open(), [])

    def test_functions_are_announced_by_name(self):
        seen = []

        def trace(frame, event, argument):
            if event == "call":
                seen.append(frame.f_code.co_name)
        sys.setprofile(trace)
        try:
            with self.sigsweep.window():
                pass
        finally:
            sys.setprofile(None)
        self.assertEqual([name for name in seen if name.startswith("__sigsweep")],
                         ["__sigsweep_window_begin__", "__sigsweep_window_end__"])

    def test_windows_are_audited_once_they_are_open(self):
        """Where a sweep meets them: a call of sys.audit() by what __enter__ calls, and no other."""
        seen = []

        def hook(event, arguments):
            if event.startswith("sigsweep"):
                frame = sys._getframe(1)
                seen.append((event, arguments, self.open(),
                             frame.f_code.co_name, frame.f_back.f_code.co_name,
                             frame.f_back.f_back.f_code.co_name))
        sys.addaudithook(hook)
        with self.sigsweep.window("work"):
            pass
        self.assertEqual(seen, [("sigsweep.window", ("work",), ["work"],
                                 "__sigsweep_window_begin__", "__enter__",
                                 "test_windows_are_audited_once_they_are_open")])

    def test_names_are_text(self):
        """They are read from outside, where nothing but a str can be read."""
        self.sigsweep.check(lambda: True, 3)
        self.sigsweep.watch([], 4)
        with self.sigsweep.window(5):
            self.assertEqual(self.open(), ["5"])
        self.assertEqual(self.sigsweep.__sigsweep_checks__[0][0], "3")
        self.assertEqual(self.sigsweep.__sigsweep_watched__[0][0], "4")

    def test_an_exception_without_text(self):
        class Mute(Exception):
            def __str__(self):
                raise ValueError

        def broken():
            raise Mute
        self.sigsweep.check(broken)
        self.sigsweep.check(lambda: True, "behind it")
        self.assertEqual(self.sigsweep.__sigsweep_evaluate__(), 1)
        self.assertEqual(self.sigsweep.__sigsweep_results__,
                         [("broken", "raised", "Mute"), ("behind it", "holds", "")])

    def test_decorator(self):
        @self.sigsweep.window("work")
        def work(value, more=0):
            """What it does."""
            return value + more, self.open()
        self.assertEqual(work(1, more=2), (3, ["work"]))
        self.assertEqual((work.__name__, work.__doc__), ("work", "What it does."))

    def test_static_and_class_methods_are_windows(self):
        class Subject:
            static = self.sigsweep.window("static")(staticmethod(self.open))
            of_class = self.sigsweep.window("class")(classmethod(lambda cls: self.open()))
        self.assertEqual(Subject.static(), ["static"])
        self.assertEqual(Subject().of_class(), ["class"])
        self.assertEqual(self.open(), [])

    def steps(self, coroutine, *answers):
        """What it gives at each step, with the windows that are open then; at last how it ends."""
        seen = []
        for answer in (None, *answers):
            try:
                seen.append((coroutine.send(answer), self.open()))
            except StopIteration as end:
                seen.append((end.value, self.open()))
        return seen

    def test_the_decorated_remain_what_they_were(self):
        for function in work, gather, suspend, count, functools.partial(gather, 1), [].append:
            wrapped = self.sigsweep.window()(function)
            self.assertEqual(kind(wrapped), kind(function))
            self.assertIs(wrapped.__wrapped__, function)
            for name in "__name__", "__qualname__", "__module__", "__doc__":
                if hasattr(function, name):
                    self.assertEqual(getattr(wrapped, name), getattr(function, name))

    def test_the_window_of_a_coroutine_is_open_until_its_end(self):
        for function in gather, functools.partial(gather):
            seen = self.steps(self.sigsweep.window("work")(function)(1, more=2), "abc", "de")
            self.assertEqual(seen, [("first", ["work"]), ("second", ["work"]), (8, [])])
        self.assertEqual(self.steps(self.sigsweep.window()(Callable())()), [(3, [])])

    def test_each_call_opens_a_window_of_its_own(self):
        """Calls that go on by turns end in any order."""
        for function, answer in (gather, ""), (count, None):
            wrapped = self.sigsweep.window("work")(function)
            first, second = wrapped(2), wrapped(2)
            first.send(None)
            second.send(None)
            one, other = [opened for _, opened in self.sigsweep.__sigsweep_open__]
            self.assertIsNot(one, other)
            first.send(answer)
            self.assertRaises(StopIteration, first.send, answer)
            self.assertEqual(self.sigsweep.__sigsweep_open__, [("work", other)])
            second.close()
            self.assertEqual(self.open(), [])

    def test_the_window_of_a_generator_is_open_until_its_end(self):
        wrapped = self.sigsweep.window("work")(count)
        generator = wrapped(2)
        self.assertEqual(self.open(), [])
        self.assertEqual(self.steps(generator, None, None),
                         [(0, ["work"]), (1, ["work"]), ("end", [])])
        self.assertEqual(self.steps(wrapped(2), "enough"), [(0, ["work"]), ("enough", [])])
        generator = wrapped(2)
        next(generator)
        generator.close()
        self.assertEqual(self.open(), [])

    def test_the_window_of_a_generator_that_is_awaited(self):
        wrapped = self.sigsweep.window("work")(suspend)

        async def outer():
            return await wrapped("it")
        self.assertEqual(self.steps(outer(), "got"), [("it", ["work"]), ("got", [])])


if __name__ == "__main__":
    unittest.main()
