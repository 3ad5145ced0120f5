# SPDX-License-Identifier: MIT
"""A function that a subinterpreter executes (`sub`), or the main one (`main`); a signal is handled in
the main one only, when the other has come to its end. Others: `write`: it writes, without the GIL;
`nested`: the subinterpreter is executed by a newer one; `thread`: it was made by a thread that is
gone (nested: as `older` and `newer` say); `opcodes`: it prints offset and name of each opcode that the
function executes, as its own tracing shows them."""

import sys
import threading

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

FUNCTION = """
import threading
lock = threading.Lock()

def inner(count):
    total = 0
    try:
        for number in range(count):
            with lock:
                total += number
    finally:
        total += 1
    return total

"""
WRITE = """
import os

def inner(count):
    os.write(2, b"x" * count)

"""
TRACE = """
import os, sys
from opcode import opname

def trace(frame, event, argument):
    if frame.f_code.co_name != "inner":
        return None
    frame.f_trace_opcodes = True
    if event == "opcode":
        name = opname[frame.f_code.co_code[frame.f_lasti]]
        os.write(1, b"%d %s\\n" % (frame.f_lasti, name.encode()))
    return trace

sys._getframe().f_trace_opcodes = True  # 3.12 looks at it here, when tracing begins
sys.settrace(trace)
"""
# Interpreters have names of two kinds: numbers, and up to 3.12 objects that hold one.
MIDDLE = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

def middle():
    for interpreter in interpreters.list_all():
        if isinstance(interpreter, tuple):
            interpreter = interpreter[0]
        if int(interpreter) == {number}:
            interpreters.run_string(interpreter, {text!r})

middle()
"""


def create(in_thread):
    if not in_thread:
        return interpreters.create()
    made = []
    thread = threading.Thread(target=lambda: made.append(interpreters.create()))
    thread.start()
    thread.join()
    return made[0]


def execute(text):
    if sys.argv[1] == "main":
        exec(text, {})  # pylint: disable=exec-used
        after(None)
        return
    interpreter = runner = create(bool({"thread", "older"} & set(sys.argv)))
    if sys.argv[1] == "nested":
        runner = create("newer" in sys.argv)
        text = MIDDLE.format(number=int(interpreter), text=text)
    try:
        interpreters.run_string(runner, text)
    finally:
        after(interpreter)


def after(interpreter):
    if interpreter is not None:
        interpreters.destroy(interpreter)


def outer():
    text = WRITE if sys.argv[1] == "write" else FUNCTION
    text += (TRACE if sys.argv[1] == "opcodes" else "") + "inner(2)\n"
    try:
        execute(text)
    except KeyboardInterrupt:
        print("caught")


outer()
