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
SAMPLE = "50trials"  # where each instruction of a trial is a step: of some 840

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


if __name__ == "__main__":
    swept.main()
