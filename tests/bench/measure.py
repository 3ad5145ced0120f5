# SPDX-License-Identifier: MIT
"""Running things and timing them: one CPU for what is compared with the harness (which pins its
jobs), rounds that alternate so that a change of the machine's speed hits both sides alike, medians,
and for ratios the smallest and the largest of the rounds. Knows nothing of what is measured."""

import os
import statistics
import subprocess
import time

ONE_CPU = min(os.sched_getaffinity(0))
ENVIRONMENT = {**os.environ, "PYTHONHASHSEED": "0", "LC_ALL": "C"}


class Failed(Exception):
    """A measured program did not do what it should; the text says which."""


def pin():
    os.sched_setaffinity(0, {ONE_CPU})


def run(command, *, pinned=False, statuses=(0,)):
    """Runs `command` with empty input; (seconds on the wall clock, what it printed)."""
    start = time.monotonic()
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=ENVIRONMENT, preexec_fn=pin if pinned else None, check=False)
    seconds = time.monotonic() - start
    if done.returncode not in statuses:
        raise Failed(f"{' '.join(map(str, command))}: exit status {done.returncode}\n"
                     f"{done.stdout[-500:]}{done.stderr[-1000:]}")
    return seconds, done.stdout


def own_time(command):
    """Runs a program that prints the seconds that it measured itself, on one CPU."""
    return float(run(command, pinned=True)[1])


def alternate(rounds, **sides):
    """Calls each side in turn, `rounds` times; {name: [what it returned]}."""
    results = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            results[name].append(side())
    return results


def ratio(above, below):
    """{"median", "min", "max"} of above[i] / below[i]."""
    each = [a / b for a, b in zip(above, below)]
    return {"median": statistics.median(each), "min": min(each), "max": max(each)}


def median(values):
    return statistics.median(values)
