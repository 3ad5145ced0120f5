# SPDX-License-Identifier: MIT
"""A sweep of opcode boundaries against the interruptions that the interpreter's own tracing makes
(interrupted.py): the same instructions in the same order, and at each the same end. Shares no code
with the harness."""

import json
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Tracing never shows these: RESUME begins a call; EXTENDED_ARG belongs to what follows it; the end of
# a loop over a generator is joined to it; the prologue of a function lies before RESUME.
HIDDEN = {"RESUME", "EXTENDED_ARG", "END_FOR", "POP_ITER", "COPY_FREE_VARS", "MAKE_CELL",
          "RETURN_GENERATOR"}
# Gone over without a dispatch behind a conditional jump that is not taken, from 3.14 on; tracing
# shows it.
JOINED = "NOT_TAKEN"
# interrupted.py leaves it to the interpreter once it has been seen.
SEEN_ONCE = "LOAD_SPECIAL"
SIGNALS = {"signal:2": "signal:SIGINT"}


class Differs(Exception):
    """The sweep and the interpreter's own tracing do not agree; the text says where."""


def read_boundaries(record):
    """[(function, offset, opcode, outcome)] of a sweep's record, in the order of the walk."""
    with open(record, encoding="utf-8") as file:
        trials = [line for line in map(json.loads, file) if line["type"] == "trial"]
    trials.sort(key=lambda trial: trial["index"])
    return [(trial["python"]["function"].rpartition(".")[2], trial["python"]["offset"],
             trial["python"]["opcode"], trial["outcome"]) for trial in trials]


def trace(python, folder, window, only, command):
    """[(function, offset, end, opcode)] by the interpreter itself, `python` being how it is started;
    `only`: of these functions, if any."""
    done = subprocess.run([str(word) for word in
                           (*python, HERE / "interrupted.py", folder, *window, ",".join(only),
                            *command)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode != 0:
        raise Differs(f"interrupted.py failed: {done.stderr[-500:]}")
    return [(function, offset, SIGNALS.get(end, end), opcode)
            for function, offset, end, opcode in json.loads(done.stdout)]


def is_hidden(boundary, before, seen, first):
    function, offset, opcode, _ = boundary
    return (opcode in HIDDEN or (opcode == SEEN_ONCE and boundary[:2] in seen) or
            before in HIDDEN or offset < first.get(function, 0))


def compare(boundaries, traced):
    """The number of instructions at which both have the same end; raises Differs where not."""
    first = {}
    for function, offset, *_ in traced:
        first[function] = min(offset, first.get(function, offset))
    seen = set()
    at = agreed = 0
    before = ""
    for boundary in boundaries:
        function, offset, opcode, outcome = boundary
        if "JUMP_IF" in before and at < len(traced) and traced[at][3] == JOINED and \
                traced[at][:2] != (function, offset):
            at += 1
        if at < len(traced) and traced[at][:2] == (function, offset):
            if traced[at][2] != outcome:
                raise Differs(f"{function}+{offset} {opcode}: {outcome} in the sweep, "
                              f"{traced[at][2]} by tracing")
            at += 1
            agreed += 1
        elif not is_hidden(boundary, before, seen, first):
            raise Differs(f"boundary {function}+{offset} {opcode}, but tracing shows "
                          f"{traced[at] if at < len(traced) else 'its end'}")
        seen.add((function, offset))
        before = opcode
    if at != len(traced):
        raise Differs(f"tracing shows {traced[at]} behind the last boundary")
    if not agreed:
        raise Differs("nothing was compared")
    return agreed
