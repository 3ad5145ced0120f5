#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds the boundaries of each injector against the stepper's walk and the disassembly.

injectors.py [--build DIR] TARGET...

For `instruction` every pc of the walk; for `call` the pcs behind an executed call or return; for
`syscall` the pc of each executed system call instruction (before) and the one behind it (after; none
behind the call that ends the process). Exit status 0 where the sweep's trials stand at exactly these,
in this order.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import manifest
import walk

EDGES = ("call", "ret")

WALKERS = [f"-j{count}" for count in [os.environ.get("SIGSWEEP_TEST_WALKERS")] if count]


def is_edge(instruction):
    return instruction.name.rstrip("q") in EDGES


def expected(kind, steps):
    """[(phase, pc)] in order."""
    pcs = [(index, steps.at(index).pc) for index in steps.indices()]
    if kind == "instruction":
        return [("at", pc) for _, pc in pcs]
    if kind == "call":
        return [("at", pc) for index, pc in pcs
                if index == 1 or is_edge(steps.instruction(index - 1))]
    found = []
    for index, pc in pcs:
        if steps.instruction(index).name != "syscall":
            continue
        found.append(("before", pc))
        if index < len(steps):
            found.append(("after", steps.at(index + 1).pc))
    return found


def swept(kind, target, build):
    """[(phase, pc)] of the trials that sigsweep made, but for those inside a blocking call."""
    with tempfile.TemporaryDirectory() as folder:
        stdin = os.path.join(folder, "stdin")
        with open(stdin, "wb") as file:
            file.write(manifest.stdin_bytes(target.manifest))
        record = os.path.join(folder, "record.jsonl")
        subprocess.run(
            [os.path.join(build, "sigsweep"), "run", "-q", *WALKERS, "-b", kind, "--oracle", "end",
             "--from", target.manifest.get("from", "handler"), "--stdin", stdin,
             "--record", record, "-o", os.path.join(folder, "report.json"), "--",
             target.program], check=False)
        with open(record, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
    trials = sorted((line for line in lines if line["type"] in ("trial", "skip")),
                    key=lambda line: line["index"])
    return [(line.get("phase", "at"), int(line["pc"], 16)) for line in trials
            if line.get("phase") != "during"]


def difference(kind, wanted, got):
    for number, (one, other) in enumerate(zip(wanted, got), 1):
        if one != other:
            return (f"{kind}: boundary {number} should be {one[0]} {one[1]:#x}, "
                    f"is {other[0]} {other[1]:#x}")
    if len(wanted) != len(got):
        return f"{kind}: {len(wanted)} boundaries expected, {len(got)} tried"
    return None


def main():
    parser = argparse.ArgumentParser(description="hold the injectors against the stepper")
    parser.add_argument("--build", default="build", help="the build folder")
    parser.add_argument("targets", metavar="TARGET", nargs="+")
    options = parser.parse_args()
    wrong = 0
    for name in options.targets:
        target = walk.Target(name, options.build)
        steps = target.walk()
        for kind in ("instruction", "call", "syscall"):
            wanted = expected(kind, steps)
            problem = difference(kind, wanted, swept(kind, target, options.build))
            print(f"{name}: {problem or f'{kind}: {len(wanted)} boundaries, as derived'}")
            wrong += problem is not None
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
