#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where a handler ends: what is raised once it has returned is not its own, whatever kind of object
it is. SIGSWEEP_TEST_PYTHON names another interpreter than the host's."""

import tempfile
import unittest
from pathlib import Path

import swept

# repr(), the first thing that C code does in work(), looks for signals and then calls __repr__.
SUBJECT = """
import functools, os, signal

called = []

class Stop(Exception):
    pass

class Shown:
    def __repr__(self):
        raise ValueError

class signal_wrapper:
    def __call__(self, number, frame):
        note(number, frame)

class Raiser:
    def __call__(self, number, frame):
        raise Stop

    def once(self, number, frame):
        signal.signal(signal.SIGINT, signal.default_int_handler)
        raise Stop

def through(function):
    def wrapper(*arguments):
        return function(*arguments)
    return wrapper

class Named:
    def __init__(self, function):
        self.function = function
    def on(self, number, frame):
        self.function(number, frame)
    __call__ = on

class Wrapped(Named):
    __call__ = through(Named.on)

class Partial(functools.partial):
    pass

def make_once():
    # Nobody else refers to the handler, which is replaced while it runs.
    def once(number, frame):
        signal.signal(signal.SIGINT, signal.default_int_handler)
        raise Stop
    return once

def note(number, frame):
    called.append(number)
    try:
        raise KeyError
    except KeyError:
        pass

def refuse(number, frame):
    raise Stop

def work():
    try:
        repr(shown)
    except {clause}:
        called.append(0)

def done():
    pass

shown = Shown()
signal.signal(signal.SIGINT, {handler})
work()
done()
os._exit(0)
"""

DROPS = """
import signal, sys

sys.path.insert(0, {folder!r})
import interrupter

class Stop(Exception):
    pass

def refuse(number, frame):
    raise Stop

def work():
    {body}

def done():
    pass

signal.signal(signal.SIGINT, refuse)
work()
done()
"""

RETURN = (("note", ""), ("functools.partial(note)", "ValueError"), ("signal_wrapper()", ""),
          ("called.insert", ""), ("Named(note)", ""), ("Wrapped(note)", "ValueError"),
          ("Named(note).on", ""))
RAISE = ("refuse", "functools.partial(refuse)", "Raiser()", "Named(refuse)", "Wrapped(refuse)",
         "Partial(refuse)", "functools.lru_cache(refuse)", "make_once()", "Raiser().once",
         "called.pop")  # pop() takes one argument



def sweep(source):
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "subject.py"
        script.write_text(source)
        return swept.Sweep(["-b", "opcode", "--oracle", "lost", "--from", "py:work", "--to",
                            "py:done", *swept.sample(6)], ["-E", script])


class Handlers(unittest.TestCase):
    def test_that_return(self):
        for handler, clause in RETURN:
            with self.subTest(handler=handler, clause=clause):
                done = sweep(SUBJECT.format(handler=handler, clause=clause))
                self.assertGreater(len(done.trials), 4)
                for trial in done.trials:
                    self.assertEqual(trial["went"]["kind"], "returned", trial)
                    self.assertNotIn("exception", trial["went"], trial)
                self.assertEqual(done.report["findings"], [])

    def test_that_raise(self):
        """Caught where the call has raised within the try, as it does in repr() itself."""
        for handler in RAISE:
            name = "TypeError" if handler == "called.pop" else "Stop"
            with self.subTest(handler=handler):
                done = sweep(SUBJECT.format(handler=handler, clause=f"(ValueError, {name})"))
                kinds = {trial["went"]["kind"] for trial in done.trials}
                self.assertEqual(kinds, {"caught", "uncaught"})
                for trial in done.trials:
                    self.assertEqual(trial["went"]["exception"], name, trial)
                    caught = trial["outcome"] != "exit:1"
                    self.assertEqual(trial["went"]["kind"], "caught" if caught else "uncaught",
                                     trial)

    def need_interrupter(self):
        if not list((swept.BUILD / "tests/python").glob("interrupter*")):
            self.skipTest("there is no interrupter in the build folder: make check-pythons makes it")

    def test_that_is_dropped(self):
        """By the C function that the script has called, which clears it itself."""
        self.need_interrupter()
        dropped = self.dropped("interrupter.drop()")
        self.assertGreater(len(dropped), 0)
        for went in dropped:
            self.assertEqual((went["kind"], went["by"]),
                             ("lost:c-code", "interrupter.abi3.so:drop"), went)

    def dropped(self, body):
        done = sweep(DROPS.format(folder=str(swept.BUILD / "tests/python"), body=body))
        return [trial["went"] for trial in done.trials if trial["outcome"] == "same"]

    def test_that_is_not_called(self):
        """The C function asks for the signal itself."""
        self.need_interrupter()
        dropped = self.dropped("interrupter.poll('')")
        self.assertTrue(dropped)
        for went in dropped:
            self.assertEqual((went["kind"], went["by"]),
                             ("lost:c-code", "interrupter.abi3.so:poll"), went)
        dropped = self.dropped("""try:
        interrupter.poll('ValueError')
    except ValueError:
        pass""")
        self.assertTrue(dropped)
        for went in dropped:
            self.assertEqual((went["kind"], went["exception"]), ("caught", "ValueError"), went)


if __name__ == "__main__":
    swept.main()
