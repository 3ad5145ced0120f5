# SPDX-License-Identifier: MIT
"""What the tests of this folder share: the interpreter that they look at (the host's or the one that
SIGSWEEP_TEST_PYTHON names) and sweeps of it."""

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
WALKERS = [f"-j{count}" for count in [os.environ.get("SIGSWEEP_TEST_WALKERS")] if count]
SKIPPED = 77  # exit status, as in tests/run


def run(*command, **environment):
    return subprocess.run([str(part) for part in command], check=False, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**os.environ, **environment})


class Sweep:
    """`sigsweep run` of a script: its exit status, what it said, the report, and the trials of its
    record in the order of the walk. Without a report nothing was measured: the test has failed."""

    def __init__(self, options, command, **environment):
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            done = run(BUILD / "sigsweep", "run", "-q", *WALKERS, *options, "-o", report, "--",
                       PYTHON, "-S", *command, **environment)
            self.status, self.message = done.returncode, done.stderr
            if not report.exists():
                raise AssertionError(f"no report, exit status {self.status}: {self.message}")
            self.report = json.loads(report.read_text())
            self.trials = read_trials(report.with_suffix(".jsonl"))

    def found(self):
        """The trials with a finding."""
        return [trial for trial in self.trials if trial.get("findings")]


def read_trials(record):
    lines = map(json.loads, record.read_text(encoding="utf-8").splitlines())
    return sorted((line for line in lines if line["type"] == "trial"),
                  key=lambda trial: trial["index"])


def place(trial):
    """(function, offset), the function without what it is defined in, as tracing has it."""
    return trial["python"]["function"].rpartition(".")[2], trial["python"]["offset"]


def read_version():
    return tuple(json.loads(run(PYTHON, "-S", "-c",
                                "import sys; print(list(sys.version_info[:2]))").stdout))


def has_watchpoints():
    """The CPU's. Without them each instruction of a trial is a step."""
    return "do not work" not in run(BUILD / "sigsweep", "list", "machine").stdout


def sample(trials):
    """Options for a sample where the trials of a whole sweep, each instruction a step, take long."""
    return [] if has_watchpoints() else ["--budget", f"{trials}trials"]


def main():
    if not os.access(PYTHON, os.X_OK):
        print(f"no {PYTHON}")
        sys.exit(SKIPPED)
    print(PYTHON, file=sys.stderr)
    unittest.main()
