#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds a report of a target of targets/state against its ground truth, kind by kind.

state_compare.py [--build DIR] REPORT.json TARGET

Exit status 0 where the boundaries of each kind of finding are exactly those derived, none missed
and none extra; 1 where not; 2 where the report cannot be read. The last line counts them, for
precision and recall over many targets. Knows the report's JSON and nothing else of the harness.
"""
import argparse
import json
import os
import sys

import ranges
import state_rules
import state_target


def reported(report):
    """{(oracle, kind): boundaries}, with "benign" behind for what does not count."""
    found = {}
    for member, more in (("findings", ()), ("benign", ("benign",))):
        for finding in report[member]:
            found.setdefault((finding["oracle"], finding["kind"]) + more, set()).update(
                ranges.members(finding["boundaries"]))
    return found


def judged(derived, report):
    """What of the truth the report's oracles are there for."""
    oracles = set(report["scenario"]["oracles"])
    return {finding: where for finding, where in derived.items() if finding[0] in oracles}


def main():
    parser = argparse.ArgumentParser(description="hold a report against the ground truth")
    parser.add_argument("--build", default=os.environ.get("BUILD", "build"),
                        help="the build folder")
    parser.add_argument("report", metavar="REPORT")
    parser.add_argument("target", metavar="TARGET")
    options = parser.parse_args()
    try:
        with open(options.report, encoding="utf-8") as file:
            report = json.load(file)
    except (OSError, ValueError) as error:
        print(f"{options.report}: {error}", file=sys.stderr)
        return 2
    target = state_target.Target(options.target, options.build)
    derived, found = judged(state_rules.derive(target), report), reported(report)
    right = missed = extra = 0
    for finding in sorted(derived.keys() | found.keys()):
        expected, got = derived.get(finding, set()), found.get(finding, set())
        right += len(expected & got)
        missed += len(expected - got)
        extra += len(got - expected)
        for what, where in (("missed", expected - got), ("extra", got - expected)):
            if where:
                print(f"{options.target}: {'/'.join(finding)}: {what}: "
                      f"{ranges.text(ranges.of(where))}")
    count = len(state_rules.boundaries(target.walk(), state_rules.kind_of(target)))
    if report["boundaries"]["eligible"] != count:
        print(f"{options.target}: the report has {report['boundaries']['eligible']} boundaries, "
              f"the stepper counts {count}")
        missed += 1
    print(f"{options.target}: {right} right, {missed} missed, {extra} extra")
    return 1 if missed or extra else 0


if __name__ == "__main__":
    sys.exit(main())
