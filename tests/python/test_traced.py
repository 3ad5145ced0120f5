#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Programs that set a tracing function (debuggers, coverage). From 3.12 on the interpreter then puts
opcodes of its own in the place of others, so that nothing may depend on them: a function in C that
does nothing changes nothing. Programs that the interpreter compiles. SIGSWEEP_TEST_PYTHON names
another interpreter than the host's."""

import difflib
import json
import tempfile
import unittest
from pathlib import Path

import swept

HERE = Path(__file__).resolve().parent
MONITORED = HERE / "monitored.py"
WENT = (HERE / "went_subject.py", "--from", "py:second_clause", "--to", "py:finally_leaves")
CLEANUP = (HERE / "cleanup_subject.py", "--from", "py:work", "--to", "py:end")

# Warm code: the interpreter has specialised it, or compiled it where it does that.
WARM = """
import sys

def several(numbers):
    total = 0
    for number in numbers:
        total += len(str(number))
        total += abs(number)
    return total

def work():
    return several([1, 2, 3])

def end():
    pass

for _ in range(int(sys.argv[1])):
    several([1])
several(range(int(sys.argv[2])))
work()
end()
"""

# Executed together with what stands before it where no event is due between them.
JOINED = {"END_FOR", "POP_TOP", "POP_ITER", "NOT_TAKEN"}


def sweep(mode, subject, *arguments, oracles):
    script, *window = subject
    done = swept.Sweep(["-b", "opcode", *window, *oracles], ["-E", MONITORED, mode, script, *arguments])
    assert done.report["boundaries"]["complete"], done.message
    return done.trials


def boundary(trial):
    python = trial["python"]
    return python["function"], python["offset"], python["opcode"], python["line"]


def told(trial):
    """What is said of a boundary, times apart."""
    went = {key: value for key, value in trial.get("went", {}).items() if key != "microseconds"}
    findings = ["output" if name.startswith("end/output") else name
                for name in trial.get("findings", [])]
    return trial["outcome"], json.dumps(went, sort_keys=True), findings


def without_repetitions(boundaries):
    return [one for n, one in enumerate(boundaries) if boundaries[n - 1:n] != [one]]


class Traced(unittest.TestCase):
    def check(self, plain, traced):
        """Every boundary that both have has the same verdicts; all but joined ones have both. All is
        judged, and something found."""
        self.assertTrue(any(trial.get("findings") for trial in plain))
        if swept.has_watchpoints():  # else what is too long to be stepped is unknown
            self.assertEqual([trial for trial in plain + traced if trial.get("unknown")], [])
        lists = [[boundary(trial) for trial in trials] for trials in (plain, traced)]
        matcher = difflib.SequenceMatcher(None, *lists, autojunk=False)
        same = 0
        for tag, start, end, other, other_end in matcher.get_opcodes():
            if tag == "equal":
                for left, right in zip(plain[start:end], traced[other:other_end]):
                    self.assertEqual(told(left), told(right), boundary(left))
                    same += 1
                continue
            single = {one[2] for one in lists[0][start:end] + lists[1][other:other_end]}
            if swept.read_version() > (3, 12):  # before, loads of warm code are joined as well
                self.assertLessEqual(single, JOINED)
        self.assertGreater(same, len(plain) * 3 // 4)

    @unittest.skipIf(swept.read_version() < (3, 12), "the interpreter has no such opcodes")
    def test_went(self):
        oracles = ["--oracle", "end", "--oracle", "lost"]
        self.check(*(sweep(mode, WENT, oracles=oracles) for mode in ("plain", "c")))

    def test_cleanup(self):
        oracles = ["--oracle", "end", "--oracle", "cleanup"]
        plain = sweep("plain", CLEANUP, "several", oracles=oracles)
        for mode in ("c", "all") if swept.read_version() >= (3, 12) else ("c",):
            with self.subTest(mode):
                self.check(plain, sweep(mode, CLEANUP, "several", oracles=oracles))

    @unittest.skipIf(swept.read_version() == (3, 12), "it joins other opcodes when it is traced")
    def test_in_python(self):
        """The boundaries of a function that Python code traces are its own ones, those of the tracing
        function apart; where that is called between the dispatches of one instruction, it has two."""
        subject = (HERE / "cleanup_subject.py", "--from", "py:several", "--to", "py:end")
        plain, traced = (sweep(mode, subject, "several", oracles=["--oracle", "end"])
                         for mode in ("plain", "python"))
        own = [boundary(trial) for trial in traced if boundary(trial)[0] != "tracer"]
        self.assertLess(len(own), len(traced))
        if swept.read_version() == (3, 11):  # joins none when it is traced
            own = [one for one in own if one in map(boundary, plain)]
        self.assertEqual(without_repetitions(own),
                         without_repetitions([boundary(trial) for trial in plain]))

    def test_from_line(self):
        """A line begins before what is called for its event."""
        lines = (HERE / "cleanup_subject.py").read_text(encoding="utf-8").splitlines()
        number = lines.index("def several():") + 2
        done = swept.Sweep(["-b", "opcode", "--oracle", "end", "--from",
                            f"cleanup_subject.py:{number}", "--to",
                            f"cleanup_subject.py:{number + 1}"], ["-E", MONITORED, "python",
                                                                HERE / "cleanup_subject.py",
                                                                "several"])
        first = done.trials[0]
        self.assertEqual(boundary(first)[0::3], ("several", number))
        if swept.read_version() >= (3, 12):
            self.assertEqual(boundary(done.trials[1])[0], "tracer")

    def warm(self, *times, mode="plain"):
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "warm.py"
            script.write_text(WARM)
            done = swept.Sweep(["-b", "opcode", "--oracle", "end", "--expect", "same,exit:1,signal:SIGINT",
                                "--from", "py:work", "--to", "py:end"],
                               [MONITORED, mode, script, *map(str, times)])
        self.assertEqual(done.status, 0, done.message)
        self.assertTrue(done.report["boundaries"]["complete"], done.message)
        return done

    def jumps_back(self, *times):
        """The offsets of what compiled code replaces."""
        done = self.warm(*times)
        self.assertIn("PYTHON_JIT=0", done.report["scenario"]["environment"])
        found = [boundary(trial)[1] for trial in done.trials
                 if boundary(trial)[0] == "several" and boundary(trial)[2] == "JUMP_BACKWARD"]
        self.assertEqual(len(found), 3)
        return found

    def test_warm(self):
        """A tracing function takes away none of the boundaries of code that was specialised before."""
        plain, traced = ([boundary(trial) for trial in self.warm(20, 0, mode=mode).trials]
                         for mode in ("plain", "c"))
        self.assertGreater(len(plain), 40)
        tags = {tag: plain[start:end] for tag, start, end, *_ in difflib.SequenceMatcher(
            None, plain, traced, autojunk=False).get_opcodes()}
        self.assertLessEqual(set(tags), {"equal", "insert"}, tags)

    def test_compiled(self):
        """Compiled code has no boundaries: it is not compiled, unless the user asks for that."""
        available = swept.run(swept.PYTHON, "-c", "import sys; print(hasattr(sys, '_jit') and "
                              "sys._jit.is_available())").stdout.strip()
        if available != "True":
            self.skipTest("this interpreter has no compiler")
        self.assertEqual(self.jumps_back(0, 0), self.jumps_back(20, 20000))
        done = swept.run(swept.BUILD / "sigsweep", "run", "-q", "-b", "opcode", "--from", "py:work",
                         "-o", "/dev/null", "--", swept.PYTHON, "-S", "-c", WARM, "20", "20000",
                         PYTHON_JIT="1")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("has no opcodes", done.stderr)


if __name__ == "__main__":
    swept.main()
