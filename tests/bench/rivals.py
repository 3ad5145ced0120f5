# SPDX-License-Identifier: MIT
"""What one does without sigsweep: a gdb script that runs the program anew for each boundary and
steps to it, and one run of `strace --inject` for each system call."""

import re
import tempfile
from pathlib import Path

from measure import Failed, run

GDB_START = """set pagination off
set confirm off
set startup-with-shell off
handle SIGINT nostop noprint pass
break {begin}
"""
GDB_BOUNDARY = """run
stepi {steps}
signal SIGINT
"""


def gdb_script(command, begin, boundaries):
    """Seconds for a run of gdb that interrupts the program at each of these boundaries."""
    with tempfile.TemporaryDirectory(prefix="sigsweep-bench-") as folder:
        script = Path(folder, "script.gdb")
        script.write_text(GDB_START.format(begin=begin) +
                          "".join(GDB_BOUNDARY.format(steps=n) for n in boundaries))
        seconds, printed = run(["gdb", "-nx", "-batch", "-x", script, "--args", *command])
    ended = printed.count("exited normally")
    if ended != len(boundaries):
        raise Failed(f"gdb: {ended} of {len(boundaries)} runs ended:\n{printed[-1000:]}")
    return seconds


def gdb_all(command, begin, boundaries, points=5):
    """Seconds that the script would take for each boundary from 1 to `boundaries`: the cost of one
    grows in a straight line, so that the mean of evenly spaced ones, the outer two half, is the mean
    of all. What gdb takes to start counts once."""
    start = gdb_script(command, begin, [])
    spots = [max(1, round(boundaries * n / (points - 1))) for n in range(points)]
    inner = gdb_script(command, begin, spots) - start
    outer = gdb_script(command, begin, [spots[0], spots[-1]]) - start
    return start + boundaries * (inner - outer / 2) / (points - 1)


def system_calls(command):
    """[(name, which of that name)] of a run of the program, in order, without its exec and end."""
    with tempfile.TemporaryDirectory(prefix="sigsweep-bench-") as folder:
        log = Path(folder, "log")
        run(["strace", "-o", log, *command])
        names = re.findall(r"^(\w+)\(", log.read_text(), re.MULTILINE)
    seen = {}
    calls = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        if name not in ("execve", "exit_group"):
            calls.append((name, seen[name]))
    return calls


def strace_each(command, samples=10):
    """Seconds for one system call interrupted by a run of strace, from some that are evenly spread.
    Before the program handles the signal it ends by it, or the loader does by a failed call."""
    calls = system_calls(command)
    chosen = calls[len(calls) // (2 * samples)::max(1, len(calls) // samples)][:samples]
    total = 0
    for name, which in chosen:
        total += run(["strace", "-o", "/dev/null", f"--inject={name}:signal=INT:when={which}",
                      *command], statuses=range(-64, 256))[0]
    return total / len(chosen)
