#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The boundaries at which a handler that raises in the signal's own context breaks an exception half
recorded: as the oracle python-exception finds them, against the loads and stores of the interpreter
that gdb shows on the same way (exception_steps.py). For versions up to 3.11, whose exception is three
words. SIGSWEEP_TEST_PYTHON names another interpreter than the host's; some minutes."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

import swept
from swept import PYTHON, TREE

SCRIPT = swept.BUILD / "targets/cpython/direct-bad.py"
LIMIT = 12000  # steps, of which the window is a part
LOW, HIGH = 0x400000, 0x2000000


ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHON_JIT": "0", "SIGSWEEP": "1"}


def leaves(row):
    return row[1].startswith(("call", "ret", "syscall"))


def expected(rows):
    """By kind, the numbers of the rows before which the signal does it."""
    torn, low = set(), set()
    loaded = [False] * 3  # each word, since the last call or return, and not stored since
    left = {0, 1, 2}      # the words that the present update has still to store
    for n, (_, _, touched, words) in enumerate(rows):
        if any(loaded[at] and words[at] and is_stored(rows, n, at) for at in range(3)):
            low.add(n)
        if 0 not in left and stores_more(rows, n, left):
            torn.add(n)
        for at, what in enumerate(touched):
            if "w" in what:
                loaded[at] = False
                left = left - {at} or {0, 1, 2}
            elif "r" in what and rows[n][1].startswith("mov"):
                loaded[at] = True
        if leaves(rows[n]):
            loaded, left = [False] * 3, {0, 1, 2}
    return {"torn": torn, "refcount": low}


def is_stored(rows, start, at):
    """Before anything is called or returned to?"""
    for row in rows[start:]:
        if "w" in row[2][at]:
            return True
        if leaves(row):
            return False
    return False


def stores_more(rows, start, left):
    """Does the update go on to store a value or traceback that is not NULL?"""
    for n in range(start, len(rows) - 1):
        _, _, touched, _ = rows[n]
        for at in set(left):
            if "w" in touched[at]:
                if rows[n + 1][3][at]:
                    return True
                left = left - {at}
        if not left or leaves(rows[n]):
            return False
    return False


class Exceptions(unittest.TestCase):
    def sweep(self):
        done = swept.Sweep(["--from", "py:fail", "--to", "direct-bad.py:14", "--oracle",
                            "python-exception", "-b", "instruction", "--timeout", "2"], [SCRIPT],
                           **ENVIRONMENT)
        self.assertEqual(done.status, 1, done.message)
        return [trial for trial in done.trials if LOW <= int(trial["pc"], 16) < HIGH], done.trials

    def step(self, folder):
        steps = Path(folder) / "steps.json"
        ended = swept.run("gdb", "-nx", "-batch", "-iex", "set auto-load no",
                          "-ex", "set follow-exec-mode same",
                          "-x", TREE / "tests/python/exception_steps.py", "--args",
                          "/bin/sh", "-c", 'exec "$@"', "sh", PYTHON, "-S", SCRIPT,
                          EXCEPTION_STEPS=str(steps), EXCEPTION_LIMIT=str(LIMIT),
                          EXCEPTION_TRUTH=str(TREE / "tests/truth"), **ENVIRONMENT)
        self.assertTrue(steps.exists(), ended.stdout + ended.stderr)
        return json.loads(steps.read_text(encoding="utf-8"))

    def test_boundaries(self):
        trials, everywhere = self.sweep()
        with tempfile.TemporaryDirectory() as folder:
            rows = self.step(folder)
        path = [int(trial["pc"], 16) for trial in trials]
        walked = [row[0] for row in rows]
        start = next((n for n in range(len(walked)) if walked[n:n + len(path)] == path), None)
        self.assertIsNotNone(start, "gdb went another way")
        truth = expected(rows[start:start + len(path) + 1])
        for trial in everywhere:
            self.assertTrue(any("/raised/" in key for key in trial["findings"]), trial)
        for kind, numbers in truth.items():
            found = {n for n, trial in enumerate(trials)
                     if any(f"/{kind}/" in key for key in trial["findings"])}
            print(f"{kind}: {len(numbers)} boundaries of {len(everywhere)}", file=sys.stderr)
            self.assertEqual([(n, hex(path[n])) for n in sorted(found)],
                             [(n, hex(path[n])) for n in sorted(numbers) if n < len(path)], kind)
        self.assertTrue(any(truth.values()), "nothing was torn or lost")


if __name__ == "__main__":
    swept.main()
