# SPDX-License-Identifier: MIT
"""Runs a script that uses the companion module and calls its checks afterwards, as the harness has it
done: exit status 3 where one does not hold.

checked.py SCRIPT"""
import os
import sys

os.environ["SIGSWEEP"] = "1"


def run(path):
    space = {"__name__": "__main__", "__file__": path}
    with open(path) as file:
        code = compile(file.read(), path, "exec")
    try:
        exec(code, space)
    except KeyboardInterrupt:
        pass
    if sys.modules["sigsweep"].__sigsweep_evaluate__():
        sys.exit(3)


run(sys.argv[1])
