#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The boundaries of the oracle cleanup against what the bytecode says (cleanup_truth.py, run by the
interpreter under test): none missed, none extra. SIGSWEEP_TEST_PYTHON names another interpreter than
the host's."""

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
TRUTH = TREE / "tests/python/cleanup_truth.py"
NAMES = ["cleanup-finally", "cleanup-finally-good", "lock-with"]


def run(*command):
    return subprocess.run([str(part) for part in command], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def sweep(script, folder):
    """Kinds with the offsets at which they were found, and what else is to be said."""
    report = Path(folder) / f"{script.stem}.json"
    ended = run(BUILD / "sigsweep", "run", "-q", "-b", "opcode", "--oracle", "cleanup",
                "--from", "py:work", "-o", report, "--", PYTHON, "-S", "-E", script)
    if not report.exists():
        return None, ended.stderr
    found = {}
    for line in report.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines():
        trial = json.loads(line)
        if trial["type"] != "trial":
            continue
        for key in trial.get("findings", []) + trial.get("unknown", []):
            place = trial["python"]
            found.setdefault(key.split("/")[1] if "/" in key else key, []).append(
                place["offset"] if place["function"] == "work" else place["function"])
    return {kind: sorted(places) for kind, places in found.items()}, ended.stderr


class Cleanup(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not os.access(PYTHON, os.X_OK):
            raise unittest.SkipTest(f"no {PYTHON}")

    def test_boundaries(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in NAMES:
                script = TREE / "targets/cpython" / f"{name}.py"
                derived = run(PYTHON, "-S", "-E", TRUTH, script)
                expected = json.loads(derived.stdout)
                found, message = sweep(script, folder)
                print(f"{name}: {expected}", file=sys.stderr)
                with self.subTest(name):
                    self.assertEqual(found, expected, message)


if __name__ == "__main__":
    unittest.main()
