# SPDX-License-Identifier: MIT
"""Runs sigsweep and says how long it took, how much it did and how much memory it had at most."""

import json
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

from measure import ENVIRONMENT, Failed

# Why a report is not complete where the options wanted it so: --budget, --in with no such module.
ASKED_FOR = re.compile("^a sample:|were not tried|no eligible boundary")
LOOK_EVERY = 0.02  # seconds between two looks at the memory of the harness


class Sweep:
    """One finished run."""

    def __init__(self, seconds, report, memory):
        self.seconds = seconds
        self.injected = report["boundaries"]["injected"]
        self.walked = report["boundaries"]["walked"]
        self.memory = memory  # KiB: the sum of the peaks of the harness's processes

    @property
    def seconds_each(self):
        return self.seconds / self.injected

    @property
    def rate(self):
        return self.injected / self.seconds


def peak(pid):
    """VmHWM in KiB; 0 when the process is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


def children(pid):
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_harness(pid, program):
    try:
        return os.path.samefile(f"/proc/{pid}/exe", program)
    except OSError:
        return False


class Memory:
    """Peaks of a campaign and its workers. A target between fork and exec is still the harness's
    image, so that a process counts only when it was seen as such twice."""

    def __init__(self, program):
        self.program = program
        self.peaks = {}
        self.seen = {}

    def look(self, pid):
        for each in [pid, *children(pid)]:
            if is_harness(each, self.program):
                self.seen[each] = self.seen.get(each, 0) + 1
                self.peaks[each] = max(self.peaks.get(each, 0), peak(each))
            else:
                self.peaks.pop(each, None)

    def total(self):
        return sum(size for pid, size in self.peaks.items() if self.seen[pid] > 1)


def wait(process, memory):
    while process.poll() is None:
        if memory:
            memory.look(process.pid)
            time.sleep(LOOK_EVERY)
        else:
            process.wait()


def sweep(sigsweep, options, command, *, with_memory=False):
    """`sigsweep run OPTIONS -- COMMAND`; a Sweep. Raises Failed when the report is not complete for
    another reason than these options."""
    with tempfile.TemporaryDirectory(prefix="sigsweep-bench-") as folder:
        report = Path(folder, "report.json")
        words = [sigsweep, "run", "-q", "--allow-incomplete", "-o", report, "--record", Path(folder, "record.jsonl"),
                 *options, "--", *command]
        words = [str(word) for word in words]
        memory = Memory(sigsweep) if with_memory else None
        start = time.monotonic()
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
            wait(process, memory)
            seconds = time.monotonic() - start
            errors = process.stderr.read()
        if process.returncode not in (0, 1) or not report.exists():
            raise Failed(f"{' '.join(words)}: exit status {process.returncode}\n{errors[-1000:]}")
        result = json.loads(report.read_text())
        why = [reason for reason in result["boundaries"]["why_incomplete"]
               if not ASKED_FOR.search(reason)]
        if why:
            raise Failed(f"{' '.join(words)}: not complete: {why}")
        return Sweep(seconds, result, memory.total() if memory else 0)
