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
HELD = TREE / "targets/cpython/held.py"
NAMES = ["cleanup-finally", "cleanup-finally-good", "lock-with"]
CLOSED = ["coroutine-close", "async-generator-close", "async-with"]


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


def faults(folder, oracle, options, command):
    """The boundaries with a finding or an unknown verdict: {index: function}."""
    report = Path(folder) / f"{oracle}.json"
    ended = run(BUILD / "sigsweep", "run", "-q", "-b", "opcode", "--oracle", oracle, "--from",
                "py:work", *options, "-o", report, "--", PYTHON, "-S", "-E", "-Wignore", *command)
    if not report.exists():
        return ended.stderr
    lines = map(json.loads, report.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines())
    return {line["index"]: line["python"]["function"] for line in lines
            if line["type"] == "trial" and (line.get("findings") or line.get("unknown"))}


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

    def test_closed(self):
        """A lock that is held because the cleanup was not done. What comes up in __aenter__, before there
        is anything to leave, is nobody's cleanup."""
        for name in CLOSED:
            script = HELD.with_name(f"{name}.py")
            with tempfile.TemporaryDirectory() as folder, self.subTest(name):
                held = faults(folder, "end", ["--to", "py:end"], [HELD, script])
                owed = faults(folder, "cleanup", [], [script])
                self.assertEqual(owed.keys() - held.keys(), set())
                early = {held[index].rpartition(".")[2] for index in held.keys() - owed.keys()}
                self.assertLessEqual(early, {"__aenter__"})
                print(f"{name}: {len(owed)} of {len(held)}", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
