#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What sigsweep says of the way of an interruption against what the program saw of it itself, at every
opcode of went_subject.py. SIGSWEEP_TEST_PYTHON names another interpreter than the host's."""

import collections
import tempfile
import unittest
from pathlib import Path

import swept

SUBJECT = swept.TREE / "tests/python/went_subject.py"
SAMPLE = "50trials"  # where each instruction of a trial is a step: of some 1200

# exit:1 is an uncaught exception of the subject's own, with its traceback; exit:0 is the baseline's
# status with "Exception ignored in" on stderr.
MEANING = {"exit:10": "caught", "exit:11": "lost:bare-except", "exit:12": "replaced",
           "exit:14": "lost:unraisable", "exit:0": "lost:unraisable", "exit:15": "returned",
           "signal:SIGINT": "uncaught", "exit:1": "uncaught"}


def is_too_long(went, expected):
    """From 3.14 on Python code prints what cannot be raised. Where each of its instructions is a step
    this may be given up, which is said, and is no verdict."""
    return (went["kind"] == "unknown" and expected == "lost:unraisable" and
            not swept.has_watchpoints() and went["reason"].endswith("to be stepped instead"))


EXITS = """
import signal, sys

class Quit(SystemExit):
    pass

def on_signal(number, frame):
    if "own" in sys.argv:
        raise Quit(0)
    sys.exit(0)

def work():
    for number in range(3):
        pass

signal.signal(signal.SIGTERM, on_signal)
work()
"""


# Does the program itself know that the handler was called? It ends with 13 where nothing came of it.
DROPS = """
import os, signal, sqlite3

called = []

class Stop(Exception):
    pass

def on_signal(number, frame):
    called.append(1)
    raise Stop

def double(value):
    return value * 2

def work():
    for call, arguments in ((db.execute, ("select double(1)",)),
                            (db.executescript, ("select double(2);",))):
        try:
            {body}
        except {clause}:
            {then}

def done():
    pass

db = sqlite3.connect(":memory:")
db.create_function("double", 1, double)
signal.signal(signal.SIGINT, on_signal)
work()
done()
if called:
    os._exit(13)
"""

LATE = """
import atexit

def late():
    len([])

def work():
    return 1

atexit.register(late)
work()
"""

# Two exceptions of one class, one of which may come to lie where the other one did.
TWICE = """
import signal

class Stop(Exception):
    pass

def on_signal(number, frame):
    raise Stop

def work():
    try:
        len("x")
        len("y")
    {first}:
        pass

def between():
    pass

def later():
    try:
        raise Stop
    {then}:
        pass

signal.signal(signal.SIGINT, on_signal)
work()
between()
later()
"""

# Nobody catches it, and the program ends as it pleases.
HOOKED = """
import os, sys

def hook(*_):
    os.write(1, b"hooked")
    os._exit(0)

sys.excepthook = hook

def work():
    return len("x")

def done():
    pass

work()
done()
"""

# The same without a word, so that nothing but the signal is different.
SILENT = HOOKED.replace('    os.write(1, b"hooked")\n', "")

# Its output is another one each time, and its status the one of what nobody catches.
NOISY = """
import signal, sys, time

class Stop(Exception):
    pass

def on_signal(number, frame):
    raise Stop

def work():
    return len("x")

def done():
    pass

signal.signal(signal.SIGINT, on_signal)
print(time.time_ns())
work()
done()
sys.exit(1)
"""

# The task has what its step has raised, and gives it to who waits for it.
TASK = """
import asyncio, os, signal

class Stop(Exception):
    pass

def on_signal(number, frame):
    raise Stop

def work():
    len("x")
    len("y")

def done():
    pass

async def main():
    work()
    done()

loop = asyncio.new_event_loop()
task = loop.create_task(main())
signal.signal(signal.SIGINT, on_signal)
try:
    loop.run_until_complete(task)
except Stop:
    pass
os._exit(0)
"""

# Each reference that is counted is a page that a copy has to copy first.
COUNTS = """
data = list(range(6000000))

def work():
    return sum(data)

def done():
    pass

work()
done()
"""


class Went(unittest.TestCase):
    def check(self, exception, expected, *arguments):
        budget = [] if swept.has_watchpoints() else ["--budget", SAMPLE, "--allow-incomplete"]
        sweep = swept.Sweep(["-b", "opcode", "--oracle", "lost", "--from", "py:subject",
                             "--to", "py:done", "--in", "went_subject.py", *budget],
                            [SUBJECT, *arguments])
        boundaries = sweep.report["boundaries"]
        self.assertTrue(budget or boundaries["complete"], boundaries)
        counts = collections.Counter()
        for trial in sweep.trials:
            went = trial["went"]
            place = f"boundary {trial['index']} {trial['python']}: {trial['outcome']} {went}"
            meaning = MEANING.get(trial["outcome"], "?")
            if not is_too_long(went, meaning):
                self.assertEqual(went["kind"], meaning, place)
            self.assertEqual(went.get("exception"), exception, place)
            counts[went["kind"]] += 1
        if "unknown" in counts:
            print(f"{counts['unknown']} of {counts.total()} trials not followed to their end")
        if budget:  # a sample need not have all kinds
            self.assertLessEqual(set(counts) - {"unknown"}, expected)
            self.assertGreaterEqual(len(counts), min(3, len(expected)))
        else:
            self.assertEqual(set(counts), expected)
        self.assertEqual(sweep.report["went"], dict(counts))
        return sweep.trials

    def test_default_handler(self):
        self.check("KeyboardInterrupt",
                   {"caught", "lost:bare-except", "replaced", "lost:unraisable", "uncaught"})

    def test_handler_that_raises(self):
        trials = self.check(
            "Custom", {"caught", "lost:bare-except", "replaced", "lost:unraisable", "uncaught"},
            "raise")
        for trial in trials:
            self.assertEqual(trial["went"]["raised"]["function"], "refuse")

    def test_handler_that_returns(self):
        self.check(None, {"returned"}, "flag")

    def test_handler_that_exits(self):
        """Where the script's end, which is the same, is what the handler asks for. From 3.14 on it is
        called outside of all Python frames too, when the script is over."""
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "exits.py"
            script.write_text(EXITS)
            for arguments in ([], ["own"]):
                sweep = swept.Sweep(["-b", "opcode", "--signal", "TERM", "--oracle", "lost",
                                     "--from", "py:work"], ["-E", script, *arguments])
                self.assertEqual(sweep.status, 0, sweep.message)
                self.assertLessEqual({"uncaught"}, set(sweep.report["went"]))
                self.assertLessEqual(set(sweep.report["went"]), {"uncaught", "pending"})

    def drops(self, body, clause, then):
        """{what is said of those of which nothing came: by whom}, and the other kinds."""
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "drops.py"
            script.write_text(DROPS.format(body=body, clause=clause, then=then))
            sweep = swept.Sweep(["-b", "opcode", "--oracle", "lost,end", "--expect", "exit:13,exit:1",
                                 "--from", "py:work", "--to", "py:done"], ["-E", script])
        dropped = [trial for trial in sweep.trials if trial["outcome"] == "exit:13" and
                   trial["went"]["kind"] != "returned"]
        return sweep, dropped

    def test_dropped(self):
        """SQLite sets its own exception over what its callback has raised; int() does over what the
        handler has."""
        for body, name in (("call(*arguments)", "sqlite3.Error"), ("int('x')", "ValueError")):
            sweep, dropped = self.drops(body, name, "pass")
            kinds = {trial["went"]["kind"] for trial in dropped}
            self.assertEqual(kinds, {"lost:c-code"})
            if "call" in body and swept.has_watchpoints():
                by = {trial["went"].get("by", "").rpartition(":")[2] for trial in dropped}
                self.assertEqual(by, {"execute", "executescript"})
            for trial in sweep.trials:
                if trial not in dropped:
                    self.assertIn(trial["went"]["kind"], {"uncaught", "pending"}, trial)
                self.assertEqual(trial["went"].get("exception", "Stop"), "Stop", trial)
            print(f"{body}: {len(dropped)} of {len(sweep.trials)}")

    def test_passed_on(self):
        """Nobody takes what SQLite raises in its place: that ends the program."""
        for clause, then in (("sqlite3.Error", "raise"), ("OSError", "pass")):
            sweep, dropped = self.drops("call(*arguments)", clause, then)
            self.assertEqual(dropped, [])
            kinds = {trial["went"]["kind"] for trial in sweep.trials}
            self.assertLessEqual({"replaced", "uncaught"}, kinds)
            self.assertLessEqual(kinds, {"replaced", "uncaught", "pending"})

    def test_without_interpreter(self):
        """Also where the interpreter has been deleted each trial says what came of its signal."""
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "nothing.py"
            script.write_text("pass\n")
            for jobs in ("-j1", "-j4"):  # with some, no trial comes before the deletion
                done = swept.Sweep([jobs, "-b", "syscall", "--from", "finalize", "--to", "exit"],
                                   [script])
                self.assertGreater(len(done.trials), 2)
                for trial in done.trials:
                    self.assertIn("went", trial)

    def test_at_the_end(self):
        """What comes up in a function of atexit's is printed, and ends nothing."""
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "late.py"
            script.write_text(LATE)
            sweep = swept.Sweep(["-b", "opcode", "--oracle", "lost", "--from", "py:work"],
                                ["-E", script])
        for trial in sweep.trials:
            meaning = {"signal:SIGINT": {"uncaught"},
                       "exit:0": {"lost:unraisable", "lost:c-code"}}[trial["outcome"]]
            if not is_too_long(trial["went"], "lost:unraisable"):
                self.assertIn(trial["went"]["kind"], meaning, trial)

    def sweep(self, source, end, *options):
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "script.py"
            script.write_text(source)
            return swept.Sweep(["-b", "opcode", "--oracle", "lost", "--from", "py:work", "--to", end,
                                *options], ["-E", script])

    def kinds(self, source, end="py:done", *options):
        sweep = self.sweep(source, end, *options)
        self.assertEqual(sweep.status, 0, [found["title"] for found in sweep.report["findings"]])
        return set(sweep.report["went"])

    def test_another_of_its_class(self):
        self.assertEqual(self.kinds(TWICE.format(first="except Stop as error", then="except"),
                                    "py:between"), {"caught", "uncaught"})

    def test_own_end(self):
        self.assertEqual(self.kinds(HOOKED), {"uncaught"})

    def test_silent_end(self):
        self.assertEqual(self.kinds(SILENT), {"uncaught"})

    def test_end_that_tells_nothing(self):
        self.assertEqual(self.kinds(NOISY, "py:done", "--status", "1"), {"uncaught"})

    def test_put_away(self):
        self.assertEqual(self.kinds(TASK), {"caught"})

    def test_dropped_for_good(self):
        """Clauses without a class are warned of, but for where the call has raised before the try."""
        sweep = self.sweep(TWICE.format(first="except", then="except Stop"), "py:between")
        for trial in sweep.trials:
            meaning = "uncaught" if trial["outcome"] == "exit:1" else "lost:bare-except"
            self.assertEqual(trial["went"]["kind"], meaning, trial)
        self.assertIn("lost:bare-except", sweep.report["went"])

    @unittest.skipUnless(swept.has_watchpoints(), "this machine has no watchpoints")
    @unittest.skipIf(Path(swept.PYTHON).parent.name.endswith("d"),
                     "a pydebug build takes a tenth of a second for it")
    def test_latency_of_copies(self):
        """sum() takes some ten milliseconds for it, and twenty times as long in a fresh copy."""
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "counts.py"
            script.write_text(COUNTS)
            sweep = swept.Sweep(["-b", "opcode", "--oracle", "latency", "--from", "py:work",
                                 "--to", "py:done"], ["-E", script])
        self.assertEqual(sweep.status, 0, sweep.message)
        self.assertEqual(sweep.report["findings"], [])


if __name__ == "__main__":
    swept.main()
