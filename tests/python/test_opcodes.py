#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The boundaries of `sigsweep run -b opcode` against the interpreter's own opcode tracing: number and
order. SIGSWEEP_TEST_PYTHON names another interpreter than the host's."""

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
SUBJECT = TREE / "tests/python/subject.py"

# Never shown by tracing: RESUME is a call event; EXTENDED_ARG is executed with what follows it; a
# generator's end is joined to its loop.
HIDDEN = {"RESUME", "EXTENDED_ARG", "END_FOR", "POP_ITER"}


def is_joined(opcode):
    """Behind a conditional jump that is not taken, the interpreter goes over NOT_TAKEN (from 3.14
    on) without a dispatch; tracing shows it."""
    return "JUMP_IF" in opcode


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


class Opcodes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not os.access(PYTHON, os.X_OK):
            raise unittest.SkipTest(f"no {PYTHON}")
        cls.folder = tempfile.TemporaryDirectory()
        report = Path(cls.folder.name) / "report.json"
        sweep = run(BUILD / "sigsweep", "run", "-q", "-b", "opcode", "--oracle", "end",
                    "--from", "py:subject", "--to", "py:done", "--in", "subject.py",
                    "-o", report, "--", PYTHON, "-S", "-E", SUBJECT)
        cls.message = sweep.stderr
        cls.report = json.loads(report.read_text()) if sweep.returncode in (0, 1) else None
        cls.boundaries = []
        if cls.report:
            lines = map(json.loads, report.with_suffix(".jsonl").read_text().splitlines())
            trials = sorted((line for line in lines if line["type"] == "trial"),
                            key=lambda line: line["index"])
            cls.boundaries = [trial["python"] for trial in trials]
        traced = run(PYTHON, "-S", "-E", SUBJECT, "trace")
        cls.traced = json.loads(traced.stdout)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_complete(self):
        self.assertIsNotNone(self.report, self.message)
        self.assertTrue(self.report["boundaries"]["complete"], self.report["boundaries"])
        self.assertEqual(len(self.boundaries), self.report["boundaries"]["eligible"])

    def first_traced(self, function):
        return min((offset for name, offset in self.traced if name == function), default=1 << 30)

    def test_order(self):
        """Every traced opcode is a boundary and every boundary a traced opcode, in this order."""
        joined = 0
        at = 0
        before = ""
        frames = [(b["function"].rpartition(".")[2], b["offset"], b["opcode"])
                  for b in self.boundaries if b["function"] != "<module>"]
        for function, offset, opcode in frames:
            if self.traced[at:at + 1] != [[function, offset]] and (
                    opcode in HIDDEN or before in HIDDEN or offset < self.first_traced(function)):
                before = opcode
                continue
            skipped = 0
            while at < len(self.traced) and self.traced[at] != [function, offset] \
                    and skipped < 2 and is_joined(before):
                at += 1
                skipped += 1
            self.assertEqual(self.traced[at:at + 1], [[function, offset]],
                             f"boundary {function}+{offset} {opcode} after {before}")
            at += 1
            joined += skipped
            before = opcode
        self.assertEqual(at, len(self.traced))
        self.assertGreater(at, 150)
        if PYTHON == "/usr/bin/python3.11":
            self.assertEqual(joined, 0, "cold code on 3.11 dispatches every opcode")
        print(f"{at} opcodes traced, {len(frames)} boundaries, {joined} joined", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
