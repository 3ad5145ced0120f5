# SPDX-License-Identifier: MIT
"""Interrupts a script before each of its bytecode instructions, by the interpreter's own tracing.

interrupted.py FOLDER FIRST LAST ONLY SCRIPT [ARGUMENT...]

Prints JSON: [[function, offset, end, opcode], ...] for the instructions from the call of a function
named FIRST to that of one named LAST, end being what became of a copy of the process that was interrupted
there: "same" (as without, and, but on pydebug builds, the same was printed), "exit:N" or "signal:N".
ONLY is a list of the functions that are meant, with commas; "" for all. Runs under the interpreter that
is tested; FOLDER holds the module interrupter. Knows nothing of the harness."""
import dis
import json
import os
import signal
import sys


def arm(first, last, count):
    has_monitoring = hasattr(sys, "monitoring")
    interrupter.start(first, last, count, not has_monitoring)
    if has_monitoring:
        monitoring, tool = sys.monitoring, sys.monitoring.DEBUGGER_ID
        events = monitoring.events
        interrupter.leave(dis.opmap.get("LOAD_SPECIAL", -1), monitoring.DISABLE)
        monitoring.use_tool_id(tool, "interrupted")
        monitoring.register_callback(tool, events.PY_START, interrupter.called)
        monitoring.register_callback(tool, events.INSTRUCTION, interrupter.passed)
        monitoring.set_events(tool, events.PY_START | events.INSTRUCTION)


def copy():
    """Like os.fork(), with the file that takes what the copy prints."""
    printed = os.memfd_create("printed")
    child = os.fork()
    if child == 0:
        os.dup2(printed, 1)
        os.dup2(printed, 2)
    return child, printed


def read_all(fd):
    with os.fdopen(fd, "rb") as file:
        return file.read()


def wait(child, printed):
    """How the copy ended, and what it printed."""
    status = os.waitpid(child, 0)[1]
    os.lseek(printed, 0, os.SEEK_SET)
    text = read_all(printed)
    if hasattr(sys, "gettotalrefcount"):
        text = b""  # a pydebug build complains at its end of what the old ABI did to immortal objects
    if os.WIFSIGNALED(status):
        return "signal:%d" % os.WTERMSIG(status), text
    return "exit:%d" % os.WEXITSTATUS(status), text


def observe():
    """In a copy: runs the script undisturbed. Returns what it saw and how it ended to the parent,
    None in the copy."""
    ends = os.pipe()
    child, printed = copy()
    if child == 0:
        os.close(ends[0])
        return None, ends[1]
    os.close(ends[1])
    return json.loads(read_all(ends[0])), wait(child, printed)


def choose(only):
    """The parent ends here; in a copy it returns the number of the instruction to interrupt, 0 for
    none, and where to write to."""
    places, baseline = observe()
    if places is None:
        return 0, baseline
    found = []
    for number, (function, offset, opcode) in enumerate(places, 1):
        if only and function not in only:
            continue
        child, printed = copy()
        if child == 0:
            return number, None
        end = wait(child, printed)
        found.append([function, offset, "same" if end == baseline else end[0],
                      dis.opname[opcode]])
    print(json.dumps(found))
    sys.stdout.flush()
    os._exit(0)


# A job in the background of a script inherits SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, sys.argv[1])
import interrupter  # noqa: E402

window = sys.argv[2:4]
only = sys.argv[4].split(",") if sys.argv[4] else []
sys.argv = sys.argv[5:]
with open(sys.argv[0]) as script:
    program = compile(script.read(), sys.argv[0], "exec")
number, output = choose(only)
arm(*window, number)
try:
    exec(program, {"__name__": "__main__", "__file__": sys.argv[0]})
finally:
    if output:
        os.write(output, json.dumps(interrupter.seen()).encode())
        os.close(output)
