#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What sigsweep says of the way of an interruption against what the program saw of it itself, at every
opcode of went_subject.py. SIGSWEEP_TEST_PYTHON names another interpreter than the host's."""

import collections
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent.parent
BUILD = (TREE / os.environ.get("BUILD", "build")).resolve()
PYTHON = os.environ.get("SIGSWEEP_TEST_PYTHON", "/usr/bin/python3.11")
SUBJECT = TREE / "tests/python/went_subject.py"

# exit:1 is an uncaught exception of the subject's own, with its traceback; exit:0 is the baseline's
# status with "Exception ignored in" on stderr.
MEANING = {"exit:10": "caught", "exit:11": "lost:bare-except", "exit:12": "replaced",
           "exit:14": "lost:unraisable", "exit:0": "lost:unraisable", "exit:15": "returned", "signal:SIGINT": "uncaught",
           "exit:1": "uncaught"}


def sweep(folder, *arguments):
    report = Path(folder) / "report.json"
    subprocess.run([BUILD / "sigsweep", "run", "-q", "-b", "opcode", "--oracle", "lost",
                    "--from", "py:subject", "--to", "py:done", "--in", "went_subject.py",
                    "-o", report, "--", PYTHON, "-S", SUBJECT, *arguments], check=False,
                   stdin=subprocess.DEVNULL)
    lines = map(json.loads, report.with_suffix(".jsonl").read_text().splitlines())
    trials = sorted((line for line in lines if line["type"] == "trial"),
                    key=lambda line: line["index"])
    return json.loads(report.read_text()), trials


class Went(unittest.TestCase):
    def setUp(self):
        if not os.access(PYTHON, os.X_OK):
            self.skipTest(f"no {PYTHON}")

    def check(self, exception, expected, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            report, trials = sweep(folder, *arguments)
        self.assertTrue(report["boundaries"]["complete"], report["boundaries"])
        counts = collections.Counter()
        for trial in trials:
            went = trial["went"]
            place = f"boundary {trial['index']} {trial['python']}: {trial['outcome']} {went}"
            self.assertEqual(went["kind"], MEANING.get(trial["outcome"], "?"), place)
            self.assertEqual(went.get("exception"), exception, place)
            counts[went["kind"]] += 1
        self.assertEqual(set(counts), expected)
        self.assertEqual(report["went"], dict(counts))
        return trials

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


if __name__ == "__main__":
    unittest.main()
