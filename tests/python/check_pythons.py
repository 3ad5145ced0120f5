#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Has scripts/get-python unpack each version and runs on it what depends on the version of CPython.

check_pythons.py [--build DIR] VERSION...

SIGSWEEP_PYTHONS names another folder than build/pythons. The last lines say what was not tested and
why. Exit status 1 where anything failed, be it to get a version; not for what this machine cannot
have (77, as in tests/run)."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
HERE = "tests/python"
SKIPPED = 77
UNIT_TESTS = ["test_python_state", "test_python_dispatch"]
TESTS = ["test_opcodes", "test_traced", "test_interpreters", "test_went", "test_handlers",
         "test_locks", "test_checks", "test_places", "test_leaks", "test_cleanup"]
# gdb's view of what one build of a version does.
EXCEPTIONS = {"3.9", "3.11"}


class Check:
    """Runs commands from the top of the tree, and knows what came of them."""

    def __init__(self, build, pythons):
        self.build, self.pythons = build, pythons
        self.failed, self.left_out = [], []

    def run(self, name, *command, **environment):
        """True if it has passed; its output is shown as it comes."""
        print(f"{name}: {' '.join(map(str, command))}", flush=True)
        done = subprocess.run([str(word) for word in command], cwd=TREE, check=False,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "BUILD": str(self.build), **environment})
        sys.stderr.write(done.stderr)
        sys.stderr.flush()
        if done.returncode == SKIPPED:
            lines = done.stderr.strip().splitlines() or [f"{command[0]} was skipped"]
            self.left_out.append(f"{name} ({lines[-1]})")
        elif done.returncode:
            self.failed.append(f"{name}: {command[0]}: exit status {done.returncode}")
        return done.returncode == 0

    def get(self, version):
        return self.run(version, "scripts/get-python", version)

    def check_tables(self, version):
        """What the headers of a release build say."""
        if not version.endswith("d"):
            name = f"{version}: tables of offsets"
            if self.run(name, "scripts/get-python", "--headers", version):
                self.run(name, "scripts/python-offsets", "--check", version)

    def check_version(self, version):
        python = self.pythons / version / "python"
        self.run(version, python, f"{HERE}/test_companion.py")
        for test in TESTS + ["check_exceptions"] * (version in EXCEPTIONS):
            self.run(version, f"{HERE}/{test}.py", SIGSWEEP_TEST_PYTHON=str(python))

    def say(self):
        for sentence in self.failed:
            print(f"FAILED {sentence}")
        for sentence in self.left_out:
            print(f"not tested: {sentence}")
        return 1 if self.failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("versions", nargs="+", metavar="VERSION")
    parser.add_argument("--build", type=Path, default=TREE / "build")
    chosen = parser.parse_args()
    pythons = (TREE / os.environ.get("SIGSWEEP_PYTHONS", "build/pythons")).resolve()
    check = Check(chosen.build.resolve(), pythons)
    there = [version for version in chosen.versions if check.get(version)]
    for version in there:
        check.check_tables(version)
    for test in UNIT_TESTS:
        check.run("all", check.build / "tests" / test, SIGSWEEP_PYTHONS=str(pythons))
    for version in there:
        check.check_version(version)
    if there:
        check.run("verdicts", f"{HERE}/check_versions.py", "--build", check.build, "--pythons", pythons,
                  "--long", *there)
    return check.say()


if __name__ == "__main__":
    sys.exit(main())
