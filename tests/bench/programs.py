# SPDX-License-Identifier: MIT
"""The two programs that are swept (tests/bench/ceiling.c, tests/bench/python_program.py), with
their windows, and the two of them as their own ceilings."""

import os
from pathlib import Path

from measure import own_time
from sweep import sweep

HERE = Path(__file__).resolve().parent
SYSTEM_PYTHON = ["/usr/bin/python3.11", "/usr/bin/python3"]  # stock ones, no wrapper scripts


class Program:
    """A program with modes `sweep`, `fork` and `bare` and a window of a chosen length."""

    def __init__(self, name, command, begin, end):
        self.name, self.command = name, command
        self.window = ["--from", begin, "--to", end]

    def swept(self, length, mode="sweep"):
        return [*self.command, mode, length]

    def ceiling(self, length, count, mode="fork"):
        """Seconds for each of `count` interruptions without anybody tracing."""
        return own_time([*self.command, mode, length, count]) / count


class CProgram(Program):
    """Its window's length in boundaries is a straight line, of which two points are measured."""

    def __init__(self, build, sigsweep):
        super().__init__("C", [Path(build, "tests/bench/ceiling")], "window_begin", "window_end")
        short, long = (self.count(sigsweep, length) for length in (10, 110))
        self.each = (long - short) / 100
        self.fixed = short - 10 * self.each

    def count(self, sigsweep, length):
        return sweep(sigsweep, ["-j1", *self.window, "--in", "/none"],
                     self.swept(length)).walked

    def length(self, boundaries):
        """The length with which the window has about that many boundaries."""
        return max(0, round((boundaries - self.fixed) / self.each))


def python_program():
    """The CPython program, or None where there is no CPython of the system's."""
    for path in SYSTEM_PYTHON:
        if os.access(path, os.X_OK):
            return Program(f"CPython ({os.path.basename(os.path.realpath(path))})",
                           [path, HERE / "python_program.py"], "getppid", "getpid")
    return None
