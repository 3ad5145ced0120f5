#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The python-lock oracle, which looks at a script from outside, against held.py, which asks the locks
themselves behind the same script: both must find fault at exactly the same boundaries.
SIGSWEEP_TEST_PYTHON names another interpreter than the host's."""

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
TARGETS = TREE / "targets/cpython"


def faults(folder, *command):
    """The boundaries with a finding, from the record of a sweep."""
    report = Path(folder) / "report.json"
    subprocess.run([BUILD / "sigsweep", "run", "-q", "-b", "opcode", "--from", "py:work",
                    *command[0], "-o", report, "--", PYTHON, "-S", *command[1]],
                   check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    lines = map(json.loads, report.with_suffix(".jsonl").read_text().splitlines())
    return [line["index"] for line in lines if line["type"] == "trial" and line.get("findings")]


class Locks(unittest.TestCase):
    def setUp(self):
        if not os.access(PYTHON, os.X_OK):
            self.skipTest(f"no {PYTHON}")

    def compare(self, script):
        with tempfile.TemporaryDirectory() as folder:
            outside = faults(folder, ["--oracle", "python-lock"], [TARGETS / script])
            inside = faults(folder, ["--oracle", "end", "--to", "py:end"],
                            [TARGETS / "held.py", TARGETS / script])
        self.assertEqual(sorted(outside), sorted(inside))

    def test_acquire_try(self):
        self.compare("lock-acquire-try.py")

    def test_guarded(self):
        self.compare("lock-acquire-guarded.py")

    def test_with(self):
        self.compare("lock-with.py")

    def test_loop(self):
        self.compare("lock-with-in-loop.py")

    def test_recursive(self):
        self.compare("rlock-acquire-try.py")

    def test_suspended(self):
        self.compare("generator-lock-kept.py")


if __name__ == "__main__":
    machine = subprocess.run([BUILD / "sigsweep", "list", "machine"], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    if "do not work" in machine:
        print("the CPU's watchpoints do not work on this machine")
        sys.exit(77)
    unittest.main()
