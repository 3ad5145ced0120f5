#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The ground truth of targets/native: at which boundaries each target must fail.

truth.py [--build DIR] [--no-sweep] [TARGET...]

Prints JSON {target: [[first, last], ...]}, derived from the disassembly of the built targets, and
proves it against a sweep of its own that runs the target anew for each boundary. Exit status 1
where they differ. Knows nothing of the harness, and none of its code runs here.
"""
import argparse
import glob
import json
import os
import signal
import sys

import manifest
import ranges
import rules
import walk

KINDS = {"asleep": "stuck", "spinning": "spinning", "timeout": "timeout"}


def all_targets():
    here = os.path.dirname(os.path.abspath(__file__))
    pattern = os.path.join(here, "..", "..", "targets", "native", "*.manifest")
    return sorted(os.path.basename(path)[:-len(".manifest")] for path in glob.glob(pattern))


def judge(end, baseline, number):
    """(outcome, kind of finding or None) of how one run ended, as docs/manifest.md names them."""
    kind, value, *_ = end
    if kind in KINDS:
        return KINDS[kind], KINDS[kind]
    if end == baseline:
        return "same", None
    if kind == "signal":
        name = signal.Signals(int(value)).name
        return f"signal:{name}", None if int(value) == number else "crash"
    outcome = f"exit:{value}"
    if end[:2] == baseline[:2]:
        return outcome, "output"
    return outcome, None if int(value) == 128 + number else "exit-status"


def check_sweep(target, derived):
    """Sentences on what the sweep has otherwise than derived and declared."""
    number = signal.Signals["SIG" + target.manifest.get("signal", "INT")].value
    ends, baseline = target.sweep()
    judged = [judge(end, baseline, number) for end in ends]
    failed = {index for index, (_, kind) in enumerate(judged, 1) if kind}
    kinds = {("end", kind) for _, kind in judged if kind}
    outcomes = {outcome for outcome, _ in judged}
    wrong = []
    if failed != derived:
        wrong.append(f"derived {ranges.text(ranges.of(derived))}, "
                     f"but the sweep fails at {ranges.text(ranges.of(failed))}")
    if kinds != manifest.findings(target.manifest):
        wrong.append(f"the sweep finds {sorted(kinds)}, the manifest declares others")
    declared = manifest.outcomes(target.manifest)
    if declared and declared != outcomes:
        wrong.append(f"the sweep ends with {sorted(outcomes)}, the manifest declares "
                     f"{sorted(declared)}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description="derive and prove where the targets must fail")
    parser.add_argument("--build", default="build", help="the build folder")
    parser.add_argument("--no-sweep", action="store_true", help="derive only, prove nothing")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    options = parser.parse_args()
    truth, wrong = {}, 0
    for name in options.targets or all_targets():
        target = walk.Target(name, options.build)
        try:
            derived = rules.derive(target)
        except rules.RuleError as error:
            print(f"{name}: {error}", file=sys.stderr)
            wrong += 1
            continue
        truth[name] = ranges.of(derived)
        for sentence in [] if options.no_sweep else check_sweep(target, derived):
            print(f"{name}: {sentence}", file=sys.stderr)
            wrong += 1
    print("{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(found)}"
                             for name, found in truth.items()) + "\n}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
