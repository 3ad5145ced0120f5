#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where windows in Python's terms begin: scripts that are compiled already.
SIGSWEEP_TEST_PYTHON names another interpreter than the host's."""

import tempfile
import unittest
from pathlib import Path

import swept
from swept import PYTHON

OPTIONS = ["-b", "opcode", "--oracle", "end"]
COMPILE = "import py_compile, sys; print(py_compile.compile(*sys.argv[1:], doraise=True))"


def boundaries(options, script):
    done = swept.Sweep([*OPTIONS, *options], [script])
    assert done.report["boundaries"]["complete"], done.message
    return [(trial["python"]["function"], trial["python"]["offset"], trial["python"]["line"])
            for trial in done.trials]


class Places(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.script = Path(folder.name) / "program.py"

    def test_compiled(self):
        """Its code was told another file than the one that is executed."""
        self.script.write_text("import colorsys\nx = colorsys.ONE_THIRD\n")
        only = ["--in", "program.py"]
        expected = boundaries(only, self.script)
        self.assertEqual(expected[-1][2], 2)
        for target in [], [self.script.with_name("tool.pyc")]:
            with self.subTest(target):
                done = swept.run(PYTHON, "-S", "-c", COMPILE, self.script, *target)
                self.assertEqual(boundaries(only, Path(done.stdout.strip())), expected)


if __name__ == "__main__":
    swept.main()
