# SPDX-License-Identifier: MIT
"""Run by the interpreter under test: `cleanup_truth.py SCRIPT` prints, as JSON, at which offsets of the
script's work() an interruption skips cleanup, or breaks it off, as the bytecode says it. Only for
functions that run straight through, with one finally block or with statement. Knows nothing of the
harness."""
import dis
import json
import sys

OLD = sys.version_info < (3, 11)

# Where signals are looked at: from 3.11 on at the end of these ...
LOOKS = {"RESUME", "CALL", "CALL_KW", "CALL_FUNCTION_EX", "JUMP_BACKWARD"}
# ... before that between any two opcodes, but for those that go straight to the next one
# (Python/ceval.c, FAST_DISPATCH), and not before those that enter a block.
FAST = {"NOP", "LOAD_FAST", "LOAD_CONST", "STORE_FAST", "POP_TOP", "ROT_TWO", "ROT_THREE", "DUP_TOP"}
ENTERS = {"SETUP_FINALLY", "SETUP_WITH"}


def straight(code):
    """The instructions from the first one to the first return."""
    path = []
    target = 0
    for instruction in dis.get_instructions(code):
        if instruction.opname == "CACHE" or instruction.offset < target:
            continue
        if instruction.opname == "JUMP_FORWARD":
            target = instruction.argval
        path.append(instruction)
        if instruction.opname.startswith("RETURN"):
            return path
    return path


def protected(code, path):
    """For each instruction: does an exception that comes up at it (before 3.11: behind it) meet the
    handler?"""
    if not OLD:
        rows = dis._parse_exception_table(code)
        return [any(row.start <= one.offset < row.end for row in rows) for one in path]
    depth, inside = 0, []
    for one in path:
        depth += (one.opname in ENTERS) - (one.opname == "POP_BLOCK")
        inside.append(depth > 0)
    return inside


def looks(path, at):
    name = path[at].opname
    if OLD:
        return name not in FAST and at + 1 < len(path) and path[at + 1].opname not in ENTERS
    behind = path[at - 1].opname if at else ""
    return name in LOOKS and not (behind == "LOAD_SPECIAL" and sys.version_info >= (3, 15))


def truth(code):
    path = straight(code)
    inside = protected(code, path)
    first = inside.index(True)
    last = len(inside) - 1 - inside[::-1].index(True)
    # What has an effect behind the protected part is the cleanup.
    steps = [at for at, one in enumerate(path)
             if at > last and one.opname in {"CALL", "CALL_FUNCTION", "CALL_METHOD"}]
    # The opcode that enters a with statement calls __enter__, which has returned behind it.
    entered = first - 1 if path[first - 1].opname == "CALL" else first
    found = {}
    for at in range(len(path)):
        up = next((n for n in range(at, len(path)) if looks(path, n)), None)
        if up is None or up < entered or inside[up] or steps[-1] <= up:
            continue
        kind = "broken-off" if steps[0] <= up else "skipped"
        found.setdefault(kind, []).append(path[at].offset)
    return found


def main():
    space = {"__name__": "__main__"}
    with open(sys.argv[1], encoding="utf-8") as file:
        exec(compile(file.read(), sys.argv[1], "exec"), space)
    print(json.dumps(truth(space["work"].__code__)))


main()
