# SPDX-License-Identifier: MIT
"""Executes a script as it is (`plain`), or with a tracing function: one in Python, or one in C that
does nothing (`c`: PyErr_Occurred(), which gives 0 for any arguments while nothing is raised), or
(`all`, from 3.12 on) a tool that is told of each line and each instruction and does nothing.

usage: monitored.py plain|python|c|all SCRIPT [ARGUMENT...]
"""

import ctypes
import operator
import sys


def tracer(frame, event, argument):
    return tracer


def trace_in_c():
    function = ctypes.cast(ctypes.pythonapi.PyErr_Occurred, ctypes.c_void_p)
    ctypes.pythonapi.PyEval_SetTrace(function, None)


def monitor_all():
    events = sys.monitoring.events
    sys.monitoring.use_tool_id(0, "nothing")
    for event in (events.LINE, events.INSTRUCTION):
        sys.monitoring.register_callback(0, event, operator.is_)
    sys.monitoring.set_events(0, events.LINE | events.INSTRUCTION)


start = {"plain": int, "python": lambda: sys.settrace(tracer), "c": trace_in_c,
         "all": monitor_all}[sys.argv[1]]
del sys.argv[:2]
with open(sys.argv[0], encoding="utf-8") as script:
    code = compile(script.read(), sys.argv[0], "exec")
start()
exec(code)  # pylint: disable=exec-used
