#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Windows and checks of the companion module against the interpreter's own tracing: the boundaries of a
window are the instructions between __enter__ and __exit__, and a check does not hold after a signal at
exactly those at which it does not after an interruption that tracing makes (interrupted.py, checked.py).
SIGSWEEP_TEST_PYTHON names another interpreter than the host's."""

import shutil
import tempfile
import unittest
from pathlib import Path

import swept
import traced
from swept import BUILD, PYTHON, TARGETS, TREE, place, read_version

VIOLATED = "exit:3"  # of checked.py

# By the rules of docs/results.md, from the bytecode; what else is possible is not written here.
APPENDED = {(3, 9): ["LOAD_FAST", "CALL_METHOD", "POP_TOP", "LOAD_GLOBAL", "LOAD_CONST",
                     "INPLACE_ADD"],
            (3, 11): ["LOAD_GLOBAL", "LOAD_METHOD", "LOAD_FAST", "PRECALL", "CALL"],
            (3, 13): ["LOAD_GLOBAL", "LOAD_ATTR", "LOAD_FAST", "CALL"],
            (3, 14): ["LOAD_GLOBAL", "LOAD_ATTR", "LOAD_FAST_BORROW", "CALL"],
            (3, 15): ["LOAD_GLOBAL", "LOAD_ATTR", "LOAD_FAST_BORROW", "CALL"]}

TAKEN_OUT = {(3, 9): ["LOAD_CONST", "CALL_METHOD", "STORE_FAST", "LOAD_FAST", "LOAD_CONST",
                      "BINARY_ADD", "LOAD_GLOBAL"],
             (3, 11): ["LOAD_GLOBAL", "LOAD_METHOD", "LOAD_CONST", "PRECALL", "CALL"],
             (3, 13): ["LOAD_GLOBAL", "LOAD_ATTR", "LOAD_CONST", "CALL"],
             (3, 14): ["LOAD_GLOBAL", "LOAD_ATTR", "LOAD_CONST", "CALL"],
             (3, 15): ["LOAD_GLOBAL", "LOAD_ATTR", "LOAD_CONST", "CALL"]}


def sweep(script, *options):
    """The report and the trials in order, or what it said."""
    done = swept.Sweep(["--oracle", "end,python-check", *options], [script])
    if done.status not in (0, 1):
        raise AssertionError(done.message)
    return done.report, done.trials


class Checks(unittest.TestCase):
    def tracing(self, script):
        """What tracing shows from behind __enter__ to __exit__."""
        if not list((BUILD / "tests/python").glob("interrupter*")):
            self.skipTest("there is no interrupter in the build folder: make check-pythons makes it")
        seen = traced.trace([PYTHON, "-S"], BUILD / "tests/python",
                            ["__sigsweep_window_begin__", "__sigsweep_window_end__"], (),
                            [TREE / "tests/python/checked.py", script])
        functions = [function for function, *_ in seen]
        first = len(functions) - functions[::-1].index("__enter__")
        return seen[first:functions.index("__exit__")]

    def compare(self, name, violated):
        """A sweep of the script's own window against tracing: the same instructions, and a finding
        where the check does not hold. `violated`: at how many, at least."""
        script = TARGETS / name
        expected = self.tracing(script)
        report, trials = sweep(script, "-b", "opcode", "--from", "window")
        self.assertTrue(report["boundaries"]["complete"], report["boundaries"])
        boundaries = [(*place(trial), trial["python"]["opcode"],
                       VIOLATED if trial.get("findings") else "same") for trial in trials]
        self.assertNotIn("__enter__", [boundary[0] for boundary in boundaries])
        self.assertNotIn("__exit__", [boundary[0] for boundary in boundaries])
        agreed = traced.compare(boundaries, expected)
        self.assertGreaterEqual(agreed, 10)
        self.assertGreaterEqual(sum(one[2] == VIOLATED for one in expected), violated)
        return [boundary[2] for boundary in boundaries if boundary[3] == VIOLATED]

    def test_append(self):
        violated = self.compare("check-append.py", 3)
        self.assertEqual(violated, APPENDED.get(read_version(), violated))

    def test_swap(self):
        self.assertEqual(self.compare("check-swap.py", 0), [])

    def test_uncaught(self):
        violated = self.compare("check-uncaught.py", 3)
        self.assertEqual(violated, APPENDED.get(read_version(), violated))

    def test_raises(self):
        violated = self.compare("check-raises.py", 3)
        self.assertEqual(violated, TAKEN_OUT.get(read_version(), violated))

    def unknown(self, name):
        """The opcodes at which nothing could be said, and what was said of that."""
        report, trials = sweep(TARGETS / name, "-b", "opcode", "--from", "window",
                               "--allow-incomplete")
        self.assertEqual(report["findings"], [])
        opcodes = [trial["python"]["opcode"] for trial in trials if trial.get("unknown")]
        return opcodes, len(trials), {row["reason"] for row in report["unknown"]}

    def test_broken(self):
        opcodes, count, reasons = self.unknown("check-broken.py")
        self.assertEqual(len(opcodes), count)
        self.assertEqual(reasons, {"the check 'items_and_count_agree': it does not hold without the "
                                   "signal either"})

    def test_waits(self):
        """Where a lock is left held is known from lock-acquire-try (docs/results.md)."""
        opcodes, _, reasons = self.unknown("check-waits.py")
        self.assertEqual(len(opcodes), 4 if read_version() < (3, 12) else 3)
        self.assertEqual(reasons, {"the check 'lock_can_be_had': it did not return in time: it waits "
                                   "for something, or is slow"})


class Windows(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.script = Path(self.folder.name) / "script.py"

    def write(self, text):
        self.script.write_text(f"import sys\nsys.path.insert(0, {str(TREE / 'companion')!r})\n"
                               f"from sigsweep import window\n{text}")

    def functions(self, *options):
        trials = sweep(self.script, "-b", "opcode", *options)[1]
        return {function for function, _ in map(place, trials)} - {"<module>"}

    def test_by_name(self):
        self.write("def first(): pass\ndef second(): pass\n"
                   "with window('one'): first()\nwith window('two'): second()\n")
        self.assertEqual(self.functions("--from", "window"), {"first"})
        self.assertEqual(self.functions("--from", "window:two"), {"second"})
        self.assertLessEqual({"first", "second", "__enter__", "__exit__"},
                             self.functions("--from", "window:one", "--to", "window:two"))

    def test_nested(self):
        self.write("def inner(): pass\ndef outer(): pass\n"
                   "with window('outer'):\n    with window('inner'):\n        inner()\n    outer()\n")
        self.assertEqual(self.functions("--from", "window:inner"), {"inner"})
        self.assertLessEqual({"inner", "outer"}, self.functions("--from", "window:outer"))

    def test_decorator_and_raise(self):
        self.write("@window('work')\ndef work():\n    raise ValueError\n"
                   "def after(): pass\ntry:\n    work()\nexcept ValueError:\n    after()\n")
        self.assertEqual(self.functions("--from", "window:work"), {"windowed", "work"})

    def test_coroutine(self):
        """From its first step to its end."""
        self.write("import types\ndef before(): pass\ndef inner(): pass\ndef after(): pass\n"
                   "@types.coroutine\ndef pause(): yield\n"
                   "@window('work')\nasync def work():\n    await pause()\n    inner()\n"
                   "coroutine = work()\nbefore()\n"
                   "try:\n    while True: coroutine.send(None)\nexcept StopIteration: after()\n")
        self.assertEqual(self.functions("--from", "window:work"),
                         {"windowed", "work", "pause", "inner"})

    def test_generator(self):
        """What its consumer executes in between is part of it."""
        self.write("def before(): pass\ndef between(): pass\ndef inner(): pass\n"
                   "def after(): pass\n"
                   "@window('work')\ndef work():\n    yield\n    inner()\n"
                   "generator = work()\nbefore()\nfor _ in generator: between()\nafter()\n")
        self.assertEqual(self.functions("--from", "window:work"),
                         {"windowed", "work", "between", "inner"})

    # Coroutines that go on by turns: step(coroutine, what is executed before its next pause).
    TURNS = ("import types\n@types.coroutine\ndef pause(): yield\n"
             "def step(coroutine):\n    try: coroutine.send(None)\n"
             "    except StopIteration: pass\n")

    def test_one_opened_before_ends_within(self):
        """Coroutines end in any order: the end of another window is none of this one's."""
        self.write(self.TURNS + "def own(): pass\ndef behind(): pass\ndef after(): pass\n"
                   "@window('other')\nasync def other(): await pause()\n"
                   "@window('work')\nasync def work():\n    own()\n    await pause()\n"
                   "    behind()\n"
                   "a, b = other(), work()\nstep(a)\nstep(b)\nstep(a)\nstep(b)\nafter()\n")
        seen = self.functions("--from", "window:work")
        self.assertLessEqual({"own", "work", "other", "behind"}, seen)
        self.assertNotIn("after", seen)

    def test_one_opened_within_outlasts_it(self):
        """Two coroutines of one function: each call has a window of its own, the first is swept."""
        self.write(self.TURNS + "def both(): pass\ndef last(): pass\n"
                   "@window('work')\nasync def work(end):\n    await pause()\n    end()\n"
                   "a, b = work(both), work(last)\nstep(a)\nstep(b)\nstep(a)\nstep(b)\n")
        seen = self.functions("--from", "window:work")
        self.assertIn("both", seen)
        self.assertNotIn("last", seen)

    def test_ends_at_another_that_is_not_the_innermost(self):
        self.write(self.TURNS + "def start(): pass\ndef behind(): pass\n"
                   "@window('first')\nasync def first(): await pause()\n"
                   "@window('second')\nasync def second():\n    await pause()\n    behind()\n"
                   "a, b = first(), second()\nstart()\nstep(a)\nstep(b)\nstep(a)\nstep(b)\n")
        seen = self.functions("--from", "py:start", "--to", "window:first")
        self.assertLessEqual({"first", "second", "pause"}, seen)
        self.assertNotIn("behind", seen)

    def test_many_are_open(self):
        self.write(self.TURNS + "def own(): pass\ndef after(): pass\n"
                   "@window('other')\nasync def other(): await pause()\n"
                   "@window('work')\nasync def work():\n    await pause()\n    own()\n"
                   "others = [other() for _ in range(100)]\nfor one in others: step(one)\n"
                   "a = work()\nstep(a)\nstep(a)\nafter()\n")
        seen = self.functions("--from", "window:work")
        self.assertIn("own", seen)
        self.assertNotIn("after", seen)

    def test_recursion(self):
        """Windows of the same name within the window do not end it."""
        self.write("def own(): pass\ndef after(): pass\n"
                   "@window('work')\ndef work(depth):\n    if depth: work(depth - 1)\n"
                   "    else: return\n    own()\n"
                   "work(1)\nafter()\nwork(0)\n")
        seen = self.functions("--from", "window:work")
        self.assertIn("own", seen)
        self.assertNotIn("after", seen)

    def test_one_object_within_itself(self):
        """It is one window, until it was left as often as it was entered; then it may be used again."""
        self.write("def own(): pass\ndef after(): pass\none = window('work')\n"
                   "with one:\n    with one: pass\n    own()\n"
                   "after()\nwith one: after()\n")
        seen = self.functions("--from", "window:work")
        self.assertIn("own", seen)
        self.assertNotIn("after", seen)

    def test_again(self):
        """The first time is swept."""
        self.write("def first(): pass\ndef second(): pass\n"
                   "for work in first, second:\n    with window(): work()\n")
        self.assertEqual(self.functions("--from", "window"), {"first"})

    def test_under_another_name(self):
        """A window that is opened and cannot be read is not passed over; the program is not swept."""
        package = Path(self.folder.name) / "package"
        package.mkdir()
        shutil.copy(TREE / "companion/sigsweep.py", package)
        self.script.write_text("from package.sigsweep import window\nwith window():\n    pass\n")
        self.assertRaisesRegex(AssertionError, "no module that is imported as `sigsweep`",
                               sweep, self.script, "-b", "opcode")

    def test_never_opened(self):
        self.write("pass\n")
        self.assertRaisesRegex(AssertionError, "had not opened the window",
                               sweep, self.script, "--from", "window")

    def test_other_boundaries(self):
        """Every kind of boundary keeps to the window."""
        self.write("import os\nwith window():\n    os.getppid()\nos.getpgid(0)\n")
        eligible = {}
        for kind in ("instruction", "call"):
            report = sweep(self.script, "-b", kind, "--from", "window",
                           "--oracle", "end", "--budget", "20trials")[0]
            eligible[kind] = report["boundaries"]["eligible"]
        self.assertGreater(eligible["instruction"], eligible["call"])
        self.assertGreater(eligible["call"], 10)
        trials = sweep(self.script, "-b", "syscall", "--from", "window",
                       "--oracle", "end")[1]
        self.assertEqual([trial["phase"] for trial in trials], ["before", "after"])


if __name__ == "__main__":
    swept.main()
