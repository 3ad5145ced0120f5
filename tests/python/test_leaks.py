#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The python-refcount oracle, which looks at a script from outside, against what the extension of the
twin forget says itself: whether its error path, on which it forgets what it has, was taken. Both at
exactly the same boundaries. SIGSWEEP_TEST_PYTHON names another interpreter than the host's."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent.parent
BUILD = (TREE / os.environ.get("BUILD", "build")).resolve()
PYTHON = os.environ.get("SIGSWEEP_TEST_PYTHON", "/usr/bin/python3.11")
FOLDER = BUILD / "targets/cpython"

# The same script, and the same opcodes in work(), with an end that tells.
TELLING = """

def end():
    pass


end()
if {module}.was_interrupted():
    raise SystemExit(3)
"""


def sweep(folder, script, *options):
    """{(kind, type): [index]} of the findings, and [index] by outcome; how complete it is."""
    report = Path(folder) / "report.json"
    subprocess.run([BUILD / "sigsweep", "run", "-q", "-b", "opcode", "--from", "py:work", *options,
                    "-o", report, "--", PYTHON, "-S", script],
                   check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(FOLDER)})
    lines = map(json.loads, report.with_suffix(".jsonl").read_text().splitlines())
    outcomes = {}
    for line in lines:
        if line["type"] == "trial":
            outcomes.setdefault(line["outcome"], []).append(line["index"])
    report = json.loads(report.read_text())
    findings = {}
    for finding in report["findings"]:
        kind = finding["kind"], finding["example"]["refcounts"][0]["type"]
        findings[kind] = [index for first, last in finding["boundaries"]
                          for index in range(first, last + 1)]
    return findings, outcomes, report


class Leaks(unittest.TestCase):
    def setUp(self):
        if not os.access(PYTHON, os.X_OK):
            self.skipTest(f"no {PYTHON}")
        if not (FOLDER / "forget_bad.abi3.so").exists():
            self.skipTest("the extensions were not built")

    def told(self, folder, twin):
        """Where the extension says that its error path was taken."""
        script = Path(folder) / "telling.py"
        script.write_text((FOLDER / f"forget-{twin}.py").read_text() +
                          TELLING.format(module=f"forget_{twin}"))
        _, outcomes, report = sweep(folder, script, "--oracle", "end", "--to", "py:end",
                                    "--expect", "same,exit:3,signal:SIGINT")
        self.assertTrue(report["boundaries"]["complete"], report["boundaries"])
        return sorted(outcomes.get("exit:3", []))

    def test_bad(self):
        with tempfile.TemporaryDirectory() as folder:
            told = self.told(folder, "bad")
            findings, _, report = sweep(folder, FOLDER / "forget-bad.py", "--oracle",
                                        "python-refcount")
        self.assertTrue(told)
        self.assertEqual(report["unknown"], [])
        # A pointer that happens to be left somewhere hides a value, but not both.
        self.assertLessEqual(set(findings), {("leaked", "int"), ("leaked", "str")})
        self.assertEqual(sorted(set().union(*findings.values())), told)

    def test_good(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertTrue(self.told(folder, "good"))
            findings, _, report = sweep(folder, FOLDER / "forget-good.py", "--oracle",
                                        "python-refcount")
        self.assertEqual(report["unknown"], [])
        self.assertEqual(findings, {})


if __name__ == "__main__":
    unittest.main()
