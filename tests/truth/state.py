#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The ground truth of targets/state: at which boundaries what is left broken.

state.py [--build DIR] [--no-sweep] [TARGET...]

Prints JSON {target: {"ORACLE/KIND": [[first, last], ...]}}, derived from the disassembly, and
proves it with two sweeps of its own, run by run: a silent one shows how the program ends, and one
in which it tells at its end what state it is in. Exit status 1 where they differ, or where a
manifest declares others. Knows nothing of the harness, and none of its code runs here.
"""
import argparse
import glob
import json
import os
import sys

import manifest
import ranges
import rules
import state_rules
import state_target
import truth


def all_targets(build):
    pattern = os.path.join(state_target.ROOT, "targets", "state", "*.manifest*")
    names = {os.path.basename(path).split(".")[0] for path in glob.glob(pattern)}
    return sorted(name for name in names
                  if os.path.exists(os.path.join(build, "targets", "state", name)))


def differing(what, derived, seen):
    if derived == seen:
        return []
    return [f"derived {what} {ranges.text(ranges.of(derived)) or 'nowhere'}, "
            f"but the sweep sees it at {ranges.text(ranges.of(seen)) or 'no boundary'}"]


def check_ends(target, derived, last):
    """The silent sweep against what the oracle `end` must see."""
    tidy = ["look"] if target.name in state_rules.UNTIDY else []
    ends, baseline = target.sweep(last, *tidy)
    wrong = [] if baseline[:2] == ("exit", "0") else [f"the baseline ends with {baseline[:2]}"]
    seen = {}
    for index, end in enumerate(ends, 1):
        _, kind = truth.judge(end, baseline, 2)
        if kind:
            seen.setdefault(("end", kind), set()).add(index)
    for finding in seen.keys() | {finding[:2] for finding in derived if finding[0] == "end"}:
        # What is declared harmless happens all the same.
        expected = derived.get(finding, set()) | derived.get(finding + ("benign",), set())
        wrong += differing("/".join(finding), expected, seen.get(finding, set()))
    return wrong


def check_telling(target, derived, last):
    """The sweep in which the program tells: where it says something else than undisturbed."""
    ends, baseline = target.sweep(last, "tell")
    seen = {index for index, end in enumerate(ends, 1) if end != baseline}
    expected = set().union(*derived.values()) if derived else set()
    if target.name in state_rules.TELLS_OTHERWISE:
        expected = state_rules.TELLS_OTHERWISE[target.name](target, derived)
    return differing("a difference at", expected, seen)


def check(target, derived, sweep):
    declared = manifest.findings(target.manifest) | {
        finding + ("benign",) for finding in manifest.benign(target.manifest)}
    wrong = []
    if declared != set(derived):
        wrong.append(f"derived {sorted(derived)}, the manifest declares {sorted(declared)}")
    if sweep:
        last = len(target.walk())
        wrong += check_ends(target, derived, last)
        if target.name not in state_rules.SILENT:
            wrong += check_telling(target, derived, last)
    return wrong


def main():
    parser = argparse.ArgumentParser(description="derive and prove what the targets leave broken")
    parser.add_argument("--build", default=os.environ.get("BUILD", "build"),
                        help="the build folder")
    parser.add_argument("--no-sweep", action="store_true", help="derive only, prove nothing")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    options = parser.parse_args()
    found, wrong = {}, 0
    for name in options.targets or all_targets(options.build):
        target = state_target.Target(name, options.build)
        try:
            derived = state_rules.derive(target)
            sentences = check(target, derived, not options.no_sweep)
        except (rules.RuleError, LookupError) as error:
            derived, sentences = {}, [str(error)]
        found[name] = {"/".join(finding): ranges.of(where) for finding, where in derived.items()}
        for sentence in sentences:
            print(f"{name}: {sentence}", file=sys.stderr)
            wrong += 1
    print("{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(each)}"
                             for name, each in found.items()) + "\n}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
