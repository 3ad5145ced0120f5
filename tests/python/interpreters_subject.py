# SPDX-License-Identifier: MIT
"""A function that a subinterpreter executes (`sub`), or the main one (`main`); a signal is handled in
the main one only, when the other has come to its end. `opcodes` prints which opcodes the function
executes, as the subinterpreter's own tracing shows them."""

import sys

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
TRACE = """
import os, sys

def trace(frame, event, argument):
    if frame.f_code.co_name != "inner":
        return None
    frame.f_trace_opcodes = True
    if event == "opcode":
        os.write(1, b"%d\\n" % frame.f_lasti)
    return trace

sys._getframe().f_trace_opcodes = True  # 3.12 looks at it here, when tracing begins
sys.settrace(trace)
"""


def execute(text):
    if sys.argv[1] == "main":
        exec(text, {})  # pylint: disable=exec-used
        after(None)
        return
    interpreter = interpreters.create()
    try:
        interpreters.run_string(interpreter, text)
    finally:
        after(interpreter)


def after(interpreter):
    if interpreter is not None:
        interpreters.destroy(interpreter)


def outer():
    text = FUNCTION + (TRACE if sys.argv[1] == "opcodes" else "") + "inner(2)\n"
    try:
        execute(text)
    except KeyboardInterrupt:
        print("caught")


outer()
