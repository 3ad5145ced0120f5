#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks the manifests of targets/cpython on several CPythons and prints the table of what was
measured, versions as columns: `good`, or `bad N/M` for N violated trials of M.

check_versions.py [--build DIR] [--pythons DIR] [--long] [--match REGEX] VERSION...

The release builds are confirmed by the interpreter's own tracing as well (traced.py), and where
instructions leave a lock held. The last lines say what was not tested. Exit status 1 where a verdict is
not as declared, or tracing says otherwise or nothing; else 77 where a version is not there."""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import traced

TREE = Path(__file__).resolve().parents[2]
SKIPPED = 77


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("versions", nargs="+", metavar="VERSION")
    parser.add_argument("--build", type=Path, default=TREE / "build")
    parser.add_argument("--pythons", type=Path, default=TREE / "build/pythons")
    parser.add_argument("--long", action="store_true", help="also manifests that are long")
    parser.add_argument("--match", default="", help="only manifests whose name matches")
    return parser.parse_args()


def read_manifest(path):
    """{key: [value]}; `sigsweep check` judges the format."""
    keys = {}
    for line in path.read_text().splitlines():
        key, colon, value = line.partition(":")
        if colon and not line.startswith("#"):
            keys.setdefault(key.strip(), []).append(value.strip())
    return keys


def choose_manifests(match):
    paths = sorted((TREE / "targets/cpython").glob("*.manifest"))
    return [path for path in paths
            if re.search(match, path.stem) and read_manifest(path).get("program") == ["python"]]


def count_violated(report):
    """Trials with a finding: one may have several."""
    ranges = [pair for finding in report["findings"] for pair in finding["boundaries"]]
    return len({index for first, last in ranges for index in range(first, last + 1)})


class Cell:
    """One manifest on one version."""

    def __init__(self, word, why=""):
        self.word, self.why = word, why
        self.text = {"skip": "-", "FAIL": "FAIL"}.get(word, "")
        self.report = None

    def take_report(self, path):
        self.report = path
        report = json.loads(path.read_text())
        violated = count_violated(report)
        verdict = f"bad {violated}/{report['boundaries']['injected']}" if violated else "good"
        self.text = verdict if self.word == "ok" else f"FAIL {verdict}"


def check(chosen, version, manifests):
    """{manifest: Cell} of one run of sigsweep check."""
    reports = chosen.build / "reports" / f"python-{version}"
    reports.mkdir(parents=True, exist_ok=True)
    for old in reports.iterdir():
        old.unlink()
    command = [chosen.build / "sigsweep", "check", "--build", chosen.build, "--reports", reports,
               "--python", chosen.pythons / version / "python", *(["--long"] if chosen.long else []),
               *manifests]
    done = subprocess.run([str(word) for word in command], cwd=TREE, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    cells = {}
    for line in done.stdout.splitlines():
        if found := re.match(r"(ok|FAIL|skip) +(\S+\.manifest)(?:: (.*))?$", line):
            cells[Path(found[2])] = cell = Cell(found[1], found[3] or "")
        elif line.startswith("      ") and cells:
            cell.why += line.strip() + "; "
    for path, cell in cells.items():
        report = reports / f"cpython-{path.stem}.json"
        if report.exists():
            cell.take_report(report)
    missing = set(manifests) - set(cells)
    if missing:
        sys.exit(f"{version}: sigsweep check said nothing of {sorted(missing)[0]}:\n"
                 f"{done.stdout[-1000:]}")
    return cells


def window_of(keys):
    return [keys.get(key, [""])[0] for key in ("from", "to")]


def can_be_traced(path):
    """Does the manifest sweep the opcodes of a script that interrupted.py can execute as well?"""
    keys = read_manifest(path)
    return (keys.get("boundary") == ["opcode"] and
            "manifest:held.py" in keys.get("argument", []) and
            all(place.startswith("py:") for place in window_of(keys)))


def confirm(chosen, version, path, cell):
    """Compares a sweep by opcodes with the interpreter's own tracing; the number of instructions
    that were compared, 0 where it is none."""
    if not cell.report or not can_be_traced(path):
        return 0
    keys = read_manifest(path)
    command = [path.parent / word.removeprefix("manifest:") for word in keys["argument"]
               if word.startswith("manifest:")]
    python = [chosen.pythons / version / "python",
              *(word for word in keys["argument"] if word.startswith("-"))]
    boundaries = traced.read_boundaries(cell.report.with_suffix(".jsonl"))
    # Tracing shows all files.
    only = {function for function, *_ in boundaries} if "in" in keys else ()
    seen = traced.trace(python, chosen.build / "tests/python",
                        [place.removeprefix("py:") for place in window_of(keys)], only, command)
    return traced.compare(boundaries, seen)


def is_before_try(path, version, cell):
    """acquire(), then try, at every instruction: what leaves the lock held is one stretch of them,
    and lies before the try block; 3.9 looks for signals in the finally block as well."""
    if path.stem != "lock-acquire-try-instruction" or version == "3.9" or not cell.report:
        return True
    script = (path.parent / "lock-acquire-try.py").read_text().splitlines()
    with open(cell.report.with_suffix(".jsonl"), encoding="utf-8") as file:
        held = {line["index"]: line["python"]["line"] for line in map(json.loads, file)
                if line["type"] == "trial" and line["outcome"] == "exit:3"}
    return (held and None not in held.values() and max(held) - min(held) + 1 == len(held) and
            max(held.values()) < script.index("    try:") + 1)


def has_interrupter(chosen):
    return bool(list((chosen.build / "tests/python").glob("interrupter*")))


def confirm_all(chosen, version, cells):
    """Sentences on what differs; prints how much was compared."""
    agreed = sweeps = 0
    wrong = [f"{version}: {path.stem}: not all held before the try block"
             for path, cell in cells.items() if not is_before_try(path, version, cell)]
    if not has_interrupter(chosen):
        return wrong
    for path, cell in cells.items():
        try:
            count = confirm(chosen, version, path, cell)
        except traced.Differs as error:
            wrong.append(f"{version}: {path.stem}: {error}")
            continue
        agreed += count
        sweeps += count > 0
    print(f"{version}: tracing agrees at {agreed} instructions of {sweeps} sweeps", flush=True)
    # --match may have left none that could be.
    if not sweeps and (not chosen.match or any(can_be_traced(path) for path in cells)):
        wrong.append(f"{version}: tracing: nothing was compared")
    return wrong


def print_table(versions, table, manifests):
    name_width = max(len(path.stem) for path in manifests)
    widths = {version: max(len(version), *(len(table[version][path].text) for path in manifests))
              for version in versions}
    print("\n" + " " * name_width + "  " +
          "  ".join(version.ljust(widths[version]) for version in versions).rstrip())
    for path in manifests:
        cells = (table[version][path].text.ljust(widths[version]) for version in versions)
        print(f"{path.stem:{name_width}}  {'  '.join(cells).rstrip()}")
    print()


def check_version(chosen, version, manifests):
    """{manifest: Cell}, and sentences on what failed."""
    cells = check(chosen, version, manifests)
    wrong = [f"{version}: {path.stem}: {cell.why}" for path, cell in cells.items()
             if cell.word == "FAIL"]
    if not version.endswith("d"):
        wrong += confirm_all(chosen, version, cells)
    # Of a run of hours that is broken off something is known.
    print(f"{version}: {len(cells)} manifests, {len(wrong)} failed", *wrong, sep="\n  ", flush=True)
    return cells, wrong


def print_left_out(chosen, table, missing):
    for version, cells in table.items():
        for why in sorted({cell.why for cell in cells.values() if cell.word == "skip"}):
            print(f"{version}: skipped: {why}")
    if not has_interrupter(chosen):
        print("not tested: tracing (there is no interrupter in the build folder, since there are no "
              "header files of a CPython)")
    for version in missing:
        print(f"not tested: {version} (it is not in {chosen.pythons})")


def main():
    chosen = options()
    started = time.monotonic()
    manifests = choose_manifests(chosen.match)
    if not manifests:
        sys.exit("check_versions.py: no manifest was selected, which is an error")
    missing = [version for version in chosen.versions
               if not os.access(chosen.pythons / version / "python", os.X_OK)]
    table, wrong = {}, []
    for version in chosen.versions:
        if version not in missing:
            table[version], new = check_version(chosen, version, manifests)
            wrong += new
    if table:
        print_table(list(table), table, manifests)
    for sentence in wrong:
        print(f"FAILED {sentence}")
    print(f"{len(manifests)} manifests on {len(table)} CPythons in "
          f"{time.monotonic() - started:.0f} s, {len(wrong)} failed")
    print_left_out(chosen, table, missing)
    if wrong:
        return 1
    return SKIPPED if missing else 0


if __name__ == "__main__":
    sys.exit(main())
