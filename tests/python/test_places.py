#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where windows in Python's terms begin: scripts that are compiled already, names that are long.
SIGSWEEP_TEST_PYTHON names another interpreter than the host's."""

import tempfile
import unittest
from pathlib import Path

import swept
from swept import PYTHON

OPTIONS = ["-b", "opcode", "--oracle", "end"]
COMPILE = "import py_compile, sys; print(py_compile.compile(*sys.argv[1:], doraise=True))"
NAME_SHOWN = 127  # bytes of a function's name in reports


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

    def check_name(self, name, place):
        found = boundaries(["--from", place, "--to", "py:end"], self.script)
        shown = found[0][0]
        self.assertTrue(shown.startswith("...") and name.endswith(shown[3:]), shown)
        self.assertEqual(len(shown), NAME_SHOWN)
        self.assertEqual({function for function, *_ in found} - {"<module>"}, {shown})

    def test_long_name(self):
        name = "a" * 140 + "work"
        self.script.write_text(f"def {name}():\n    pass\ndef end(): pass\n{name}()\nend()\n")
        self.check_name(name, f"py:{name}")

    @unittest.skipIf(swept.read_version() < (3, 11), "code does not know what it is defined in")
    def test_long_qualified_name(self):
        outer = "Outer" * 30
        self.script.write_text(f"class {outer}:\n    class Inner:\n        def work(): pass\n"
                               f"def end(): pass\n{outer}.Inner.work()\nend()\n")
        for place in "py:work", "py:Inner.work", f"py:{outer}.Inner.work":
            with self.subTest(place):
                self.check_name(f"{outer}.Inner.work", place)


if __name__ == "__main__":
    swept.main()
