# SPDX-License-Identifier: MIT
"""Runs one function twice, from two compilations of the same source: first under sys.settrace with
opcode events, writing the offsets that it saw, with the opcodes that the compiler emitted there, to
descriptor 3, then without any tracing between two SIGSTOPs. The argument names the function."""
import dis
import json
import os
import signal
import sys

WIDE = "".join("    v%d = %d + len('x')\n" % (n, 1000 + n) for n in range(300))

SOURCES = {
    # Arguments above 255: EXTENDED_ARG before loads, stores and jumps.
    "wide": "def subject():\n    for n in range(2):\n" + WIDE.replace("    v", "        v")
            + "    return v299\n",
    # What a first run executes: nothing is specialised yet.
    "cold": """
def subject():
    values = [1, 2, 3]
    total = 0
    for value in values:
        if value % 2:
            total += value
        else:
            total -= 1
    text = "a" + str(total)
    try:
        {}[text]
    except KeyError as error:
        total = len(error.args)
    with open("/dev/null") as file:
        file.fileno()
    return [x for x in (total, text)]
""",
    # Long enough for the interpreter to specialise and join instructions.
    "warm": """
def subject():
    total = 0
    names = []
    for number in range(300):
        first = number
        second = first
        total = first + second
        if total > 3:
            names.append(total)
        total = len(names)
    return total
""",
    # A generator, closures, exceptions, many variables, a call of itself.
    "mixed": """
def subject(depth=2):
    def numbers(limit):
        for n in range(limit):
            try:
                yield n * depth
            finally:
                limit -= 1
    total = 0
    for n in numbers(5):
        total += n if n < 4 else -n
    while total > 0:
        total -= 3
    try:
        raise ValueError(total)
    except (TypeError, ValueError):
        pass
    if depth:
        total += subject(depth - 1)[1]
    return sorted([3, 1, 2], key=lambda n: -n), total
""",
}


def compiled(source):
    namespace = {}
    exec(compile(source, "subject.py", "exec"), namespace)
    return namespace["subject"]


def traced(function):
    seen = []

    def trace(frame, event, argument):
        if frame.f_code.co_filename != "subject.py":
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            code = frame.f_code
            seen.append([code.co_name, frame.f_lasti, dis.opname[code.co_code[frame.f_lasti]]])
        return trace

    sys._getframe().f_trace_opcodes = True  # 3.12 looks at it here, when tracing begins
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(None)
    return seen


def main():
    source = SOURCES[sys.argv[1]]
    function = compiled(source)
    seen = traced(compiled(source))
    os.write(3, json.dumps(seen).encode())
    stop = signal.SIGSTOP
    me = os.getpid()
    os.kill(me, stop)
    function()
    os.kill(me, stop)


main()
