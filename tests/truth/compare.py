#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds a report of `sigsweep run` against the ground truth of a target.

compare.py [--build DIR] REPORT.json TARGET

Exit status 0 where the boundaries of the declared findings are exactly those derived, none missed
and none extra, 1 where they are not, 2 where the report cannot be read. Knows the report's JSON and
nothing else of the harness.
"""
import argparse
import json
import sys

import manifest
import ranges
import rules
import walk


def boundaries_of(findings):
    return {index for finding in findings for index in ranges.members(finding["boundaries"])}


def count_line(name, report, declared, expected):
    """What tests/run adds up to precision and recall."""
    reported = boundaries_of([finding for finding in report["findings"]
                              if (finding["oracle"], finding["kind"]) in declared])
    return (f"{name}: {len(expected & reported)} right, {len(expected - reported)} missed, "
            f"{len(reported - expected)} extra")


def compare(report, declared, expected, count):
    """Sentences on what differs; `declared`: {(oracle, kind)}, `count`: boundaries of the walk."""
    wrong = []
    if report["scenario"]["boundary"] != "instruction":
        wrong.append("the truth is about a sweep of instructions")
    named = [finding for finding in report["findings"]
             if (finding["oracle"], finding["kind"]) in declared]
    others = [finding for finding in report["findings"] if finding not in named]
    reported = boundaries_of(named)
    if expected - reported:
        wrong.append(f"missed: {ranges.text(ranges.of(expected - reported))}")
    if reported - expected:
        wrong.append(f"extra: {ranges.text(ranges.of(reported - expected))}")
    for finding in others:
        wrong.append(f"undeclared {finding['oracle']}/{finding['kind']}: "
                     f"{ranges.text(finding['boundaries'])}")
    if report["boundaries"]["eligible"] != count:
        wrong.append(f"the report has {report['boundaries']['eligible']} boundaries, "
                     f"the stepper counts {count}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description="hold a report against the ground truth")
    parser.add_argument("--build", default="build", help="the build folder")
    parser.add_argument("report", metavar="REPORT")
    parser.add_argument("target", metavar="TARGET")
    options = parser.parse_args()
    try:
        with open(options.report, encoding="utf-8") as file:
            report = json.load(file)
    except (OSError, ValueError) as error:
        print(f"{options.report}: {error}", file=sys.stderr)
        return 2
    target = walk.Target(options.target, options.build)
    expected = rules.derive(target)
    wrong = compare(report, manifest.findings(target.manifest), expected, len(target.walk()))
    for sentence in wrong:
        print(f"{options.target}: {sentence}")
    if not wrong:
        print(f"{options.target}: {len(expected)} boundaries as derived, of {len(target.walk())}")
    print(count_line(options.target, report, manifest.findings(target.manifest), expected))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
