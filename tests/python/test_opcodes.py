#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The boundaries of `sigsweep run -b opcode` against the interpreter's own opcode tracing: number and
order. SIGSWEEP_TEST_PYTHON names another interpreter than the host's."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

import swept
from swept import PYTHON

SUBJECT = swept.TREE / "tests/python/subject.py"

# Never shown by tracing: RESUME is a call event; EXTENDED_ARG is executed with what follows it; a
# generator's end is joined to its loop.
HIDDEN = {"RESUME", "EXTENDED_ARG", "END_FOR", "POP_ITER"}


def is_joined(before, opcode):
    """Behind a conditional jump that is not taken, the interpreter goes over NOT_TAKEN without a
    dispatch; tracing shows it. That opcode is there from 3.14 on: on others nothing is joined, since
    cold code has no joined instructions."""
    return "JUMP_IF" in before and opcode == "NOT_TAKEN"


STRAIGHT = "x = 1\ny = [x, 'text']\nz = len(y) + x\n"
# The code of the second lies where that of the first was, with the same names and the same length.
EXECUTED = """
def work():
    for text in ("a = 1\\nb = 2\\n", "a = 1\\n\\n\\n\\nb = 2\\n"):
        exec(text)

def done():
    pass

work()
done()
"""
LISTING = """
import dis, json, sys
code = compile(open(sys.argv[1]).read(), sys.argv[1], "exec")
print(json.dumps([[part.offset, part.opname] for part in dis.get_instructions(code)]))
"""


class Module(unittest.TestCase):
    def test_whole_script(self):
        """The window `module` has all instructions of a script without branches, from the first on."""
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "straight.py"
            script.write_text(STRAIGHT)
            done = swept.Sweep(["-b", "opcode", "--oracle", "end", "--from", "module"],
                               ["-E", script])
            listed = json.loads(swept.run(PYTHON, "-S", "-E", "-c", LISTING, script).stdout)
        found = [[trial["python"]["offset"], trial["python"]["opcode"]] for trial in done.trials]
        self.assertTrue(done.report["boundaries"]["complete"], done.message)
        self.assertEqual(found, listed)

    def test_executed_text(self):
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "executed.py"
            script.write_text(EXECUTED)
            done = swept.Sweep(["-b", "opcode", "--oracle", "end", "--from", "py:work", "--to",
                                "py:done"], ["-E", script])
        lines = [trial["python"]["line"] for trial in done.trials
                 if trial["python"]["opcode"] == "STORE_NAME"]
        self.assertEqual(lines, [1, 2, 1, 5])


class Opcodes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sweep = swept.Sweep(["-b", "opcode", "--oracle", "end", "--from", "py:subject",
                                 "--to", "py:done", "--in", "subject.py"], ["-E", SUBJECT])
        cls.boundaries = [trial["python"] for trial in cls.sweep.trials]
        cls.traced = json.loads(swept.run(PYTHON, "-S", "-E", SUBJECT, "trace").stdout)

    def test_complete(self):
        self.assertIn(self.sweep.status, (0, 1), self.sweep.message)
        boundaries = self.sweep.report["boundaries"]
        self.assertTrue(boundaries["complete"], boundaries)
        self.assertEqual(len(self.boundaries), boundaries["eligible"])

    def first_traced(self, function):
        return min((offset for name, offset, _ in self.traced if name == function), default=1 << 30)

    def test_order(self):
        """Every traced opcode is a boundary and every boundary a traced opcode, in this order."""
        places = [one[:2] for one in self.traced]
        joined = 0
        at = 0
        before = ""
        frames = [(b["function"].rpartition(".")[2], b["offset"], b["opcode"])
                  for b in self.boundaries if b["function"] != "<module>"]
        for function, offset, opcode in frames:
            if places[at:at + 1] != [[function, offset]] and (
                    opcode in HIDDEN or before in HIDDEN or offset < self.first_traced(function)):
                before = opcode
                continue
            if at < len(places) and places[at] != [function, offset] and \
                    is_joined(before, self.traced[at][2]):
                at += 1
                joined += 1
            self.assertEqual(places[at:at + 1], [[function, offset]],
                             f"boundary {function}+{offset} {opcode} after {before}")
            at += 1
            before = opcode
        self.assertEqual(at, len(places))
        self.assertGreater(at, 150)
        print(f"{at} opcodes traced, {len(frames)} boundaries, {joined} joined", file=sys.stderr)


if __name__ == "__main__":
    swept.main()
