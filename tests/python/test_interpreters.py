#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Code that a subinterpreter executes in the program's only thread. SIGSWEEP_TEST_PYTHON names another
interpreter than the host's."""

import unittest

import swept

SUBJECT = swept.TREE / "tests/python/interpreters_subject.py"
WINDOW = ["--from", "py:inner", "--to", "py:after"]
HIDDEN = "RESUME"  # tracing shows a call instead
JOINED = {(3, 12): {"LOAD_FAST"}, (3, 14): {"NOT_TAKEN"}, (3, 15): {"NOT_TAKEN"}}  # not dispatched


def sweep(mode, *options):
    done = swept.Sweep([*options, *WINDOW], ["-E", SUBJECT, mode])
    assert done.report["boundaries"]["complete"], done.message
    return done


def inner(trials):
    return [(trial["python"]["offset"], trial["python"]["opcode"], trial["python"]["line"])
            for trial in trials if trial.get("python", {}).get("function") == "inner"]


class Interpreters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sub = sweep("sub", "-b", "opcode")

    def test_opcodes(self):
        """Number and order of the boundaries are those that the subinterpreter's own tracing shows."""
        lines = swept.run(swept.PYTHON, "-S", "-E", SUBJECT, "opcodes").stdout.splitlines()
        traced = [tuple(line.split()) for line in lines]
        found = [(str(offset), opcode) for offset, opcode, _ in inner(self.sub.trials)
                 if opcode != HIDDEN]
        joined = [one for one in traced if one not in found]
        self.assertEqual([one for one in traced if one in found], found)
        self.assertLessEqual({opcode for _, opcode in joined},
                             JOINED.get(swept.read_version(), set()))
        self.assertGreater(len(found), 40)

    def test_names(self):
        """In the main interpreter the same code has the same boundaries with the same names."""
        main = sweep("main", "-b", "opcode", "--oracle", "end")
        self.assertEqual(inner(self.sub.trials), inner(main.trials))

    def test_went(self):
        """What comes while the subinterpreter executes something is handled when it has come to its
        end, and caught where the program says so."""
        trials = [trial for trial in self.sub.trials if trial["python"]["file"].startswith("<")]
        self.assertGreater(len(trials), 40)
        for trial in trials:
            self.assertEqual(trial["outcome"], "exit:0", trial)
            self.assertEqual(trial["went"]["kind"], "caught", trial)
            self.assertEqual(trial["went"]["at"]["function"], "outer", trial)
            self.assertNotIn("unknown", trial)

    def check_stack(self, sweep_, expected):
        """Python frames stand where the native ones stand that execute them, those of one interpreter
        apart from those of the next by what runs it."""
        finding = next(one for one in sweep_.report["findings"] if one["oracle"] == "end")
        rows = finding["example"]["stack"]
        names = [row["python"]["function"] if "python" in row else row["function"] for row in rows]
        self.assertNotIn("_PyEval_EvalFrameDefault", names)
        found = [names[n] if "python" in row else "|" for n, row in enumerate(rows)
                 if "python" in row or "interpreters" in row["module"]]
        once = [name for n, name in enumerate(found) if name != "|" or found[n - 1] != "|"]
        self.assertEqual(once, expected)

    def test_stack(self):
        self.check_stack(self.sub, ["inner", "<module>", "|", "execute", "outer", "<module>"])

    def test_nested(self):
        """A newer interpreter executes an older one."""
        options = ["-b", "opcode", "--oracle", "end", *WINDOW, "--budget", "3trials"]
        for makers in (), ("older",), ("older", "newer"):
            with self.subTest(makers):
                nested = swept.Sweep(options, ["-E", SUBJECT, "nested", *makers])
                self.check_stack(nested, ["inner", "<module>", "|", "middle", "<module>", "|",
                                          "execute", "outer", "<module>"])

    def test_thread(self):
        """Up to 3.12 an interpreter keeps the thread state of the thread that has made it."""
        done = sweep("thread", "-b", "opcode", "--oracle", "end")
        self.assertEqual(inner(done.trials), inner(self.sub.trials))
        self.check_stack(done, ["inner", "<module>", "|", "execute", "outer", "<module>"])

    def test_without_gil(self):
        done = sweep("write", "-b", "syscall", "--oracle", "end")
        self.assertEqual([(trial["phase"], trial["python"]["function"]) for trial in done.trials[:2]],
                         [("before", "inner"), ("after", "inner")])
        self.check_stack(done, ["inner", "<module>", "|", "execute", "outer", "<module>"])


if __name__ == "__main__":
    swept.main()
