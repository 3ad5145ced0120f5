#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The boundaries of the oracle cleanup against what the bytecode says (cleanup_truth.py, run by the
interpreter under test): none missed, none extra. SIGSWEEP_TEST_PYTHON names another interpreter than
the host's."""

import json
import sys
import unittest

import swept
from swept import TARGETS

TRUTH = swept.TREE / "tests/python/cleanup_truth.py"
SUBJECT = TRUTH.with_name("cleanup_subject.py")
TELLING = ["loop", "retry", "silenced", "behind_clause", "in_clause", "with_in_clause", "by_clause",
           "clause_in_cleanup", "behind_import", "many_constants", "far", "let_in",
           "several", "nested", "dropped", "caught", "generator"]
WITHS = ["loop", "nested", "silenced", "with_in_clause", "many_constants", "far"]
CLEAN = ["dropped"]
TOO_MUCH = "too much runs after this place to be followed"
HELD = TARGETS / "held.py"
NAMES = ["cleanup-finally", "cleanup-finally-good", "lock-with"]
CLOSED = ["coroutine-close", "async-generator-close", "async-with"]
# Not where each instruction of a trial may be a step.
MORE_CLOSED = ["coroutine-close-two-steps", "async-generator-close-two-steps", "generator-lock"]


def sweep(script):
    """Kinds with the offsets at which they were found, and what else is to be said."""
    done = swept.Sweep(["-b", "opcode", "--oracle", "cleanup", "--from", "py:work"], ["-E", script])
    found = {}
    for trial in done.trials:
        for key in trial.get("findings", []) + trial.get("unknown", []):
            place = trial["python"]
            found.setdefault(key.split("/")[1] if "/" in key else key, []).append(
                place["offset"] if place["function"] == "work" else place["function"])
    return {kind: sorted(places) for kind, places in found.items()}, done.message


def faults(oracle, options, command):
    """The boundaries with a finding or an unknown verdict: {index: line}."""
    done = swept.Sweep(["-b", "opcode", "--oracle", oracle, "--from", "py:work", *options],
                       ["-E", "-Wignore", *command])
    return {trial["index"]: trial["python"]["line"] for trial in done.trials
            if trial.get("findings") or trial.get("unknown")}


def subject_places(oracle, *command):
    """{boundary: function} of the subject's trials that leave something open, or have a finding, and
    the boundaries that are too far from the end: 3.15 prints a traceback with Python code."""
    done = swept.Sweep(["-b", "opcode", "--from", "py:work", "--to", "py:end", "--oracle", oracle],
                       ["-E", SUBJECT, *command])
    unknown = {trial["index"] for trial in done.trials if trial.get("unknown")}
    if {row["reason"] for row in done.report["unknown"]} - {TOO_MUCH}:
        raise AssertionError(done.report["unknown"])
    return {trial["index"]: trial["python"]["function"].rpartition(".")[2] for trial in done.trials
            if (trial["outcome"] == "exit:3" if oracle == "end" else trial.get("findings"))}, unknown


class Cleanup(unittest.TestCase):
    def test_boundaries(self):
        for name in NAMES:
            script = TARGETS / f"{name}.py"
            derived = swept.run(swept.PYTHON, "-S", "-E", TRUTH, script)
            expected = json.loads(derived.stdout)
            found, message = sweep(script)
            print(f"{name}: {expected}", file=sys.stderr)
            with self.subTest(name):
                self.assertEqual(found, expected, message)

    def test_closed(self):
        """A lock that is held because the cleanup was not done. What comes up at the end of acquire(),
        before there is anything to leave, is nobody's cleanup."""
        total = 0
        for name in CLOSED + (MORE_CLOSED if swept.has_watchpoints() else []):
            script = HELD.with_name(f"{name}.py")
            with self.subTest(name):
                held = faults("end", ["--to", "py:end"], [HELD, script])
                owed = faults("cleanup", [], [script])
                self.assertEqual(owed.keys() - held.keys(), set())
                lines = script.read_text().splitlines()
                early = {lines[held[index] - 1].strip() for index in held.keys() - owed.keys()}
                self.assertLessEqual(early, {"lock.acquire()"})
                print(f"{name}: {len(owed)} of {len(held)}", file=sys.stderr)
                total += len(owed)
        self.assertTrue(total, "nothing was found at all")

    def test_too_many_blocks(self):
        """Code that cannot be read is a matter of the trials that come by it: not of those behind."""
        done = swept.Sweep(["-b", "opcode", "--from", "py:work", "--to", "py:end", "--oracle",
                            "cleanup"], ["-E", SUBJECT, "after_too_many"])
        unknown = [trial for trial in done.trials if trial.get("unknown")]
        inside = [trial for trial in done.trials if swept.place(trial)[0] == "too_many"]
        self.assertEqual({row["reason"] for row in done.report["unknown"]},
                         {"the blocks of too_many could not be found"})
        self.assertEqual([trial for trial in inside if trial not in unknown], [])
        # What is interrupted right behind it comes up where its last instructions come up too.
        self.assertLessEqual({swept.place(trial)[0] for trial in unknown},
                             {"work", "after_too_many", "too_many"})
        self.assertTrue(done.found())

    def test_told(self):
        """The subject says at its end what was not closed: exactly that is owed, but for what
        __enter__() has opened and not returned from."""
        for name in TELLING if swept.has_watchpoints() else TELLING[:2]:
            with self.subTest(name):
                left, _ = subject_places("end", name, "tell")
                owed, unknown = subject_places("cleanup", name)
                early = {index: left[index] for index in left.keys() - owed.keys() - unknown}
                self.assertTrue(not unknown or name in CLEAN and swept.read_version() >= (3, 15))
                self.assertLessEqual(owed.keys(), left.keys())
                self.assertLessEqual(set(early.values()), {"open"} if name in WITHS else set())
                print(f"{name}: {len(owed)} of {len(left)}", file=sys.stderr)
                self.assertEqual(bool(owed), name not in CLEAN)


if __name__ == "__main__":
    swept.main()
