# SPDX-License-Identifier: MIT
"""Executes a script as it is (`plain`), or with a tracing function: one in Python, or one in C that
does nothing (`c`: PyErr_Occurred(), which gives 0 for any arguments while nothing is raised).

usage: monitored.py plain|python|c SCRIPT [ARGUMENT...]
"""

import ctypes
import sys


def tracer(frame, event, argument):
    return tracer


def trace_in_c():
    function = ctypes.cast(ctypes.pythonapi.PyErr_Occurred, ctypes.c_void_p)
    ctypes.pythonapi.PyEval_SetTrace(function, None)


start = {"plain": int, "python": lambda: sys.settrace(tracer), "c": trace_in_c}[sys.argv[1]]
del sys.argv[:2]
with open(sys.argv[0], encoding="utf-8") as script:
    code = compile(script.read(), sys.argv[0], "exec")
start()
exec(code)  # pylint: disable=exec-used
