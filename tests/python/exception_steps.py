# SPDX-License-Identifier: MIT
"""Run inside gdb: steps a CPython from the end of direct_bad.work() on and writes, for each instruction
of the interpreter, its pc, what it does to the three words of the exception being raised, and what
they hold before it. EXCEPTION_STEPS names the file to write, EXCEPTION_LIMIT says how many steps to
make. Knows nothing of the harness."""
import json
import os
import sys

import gdb

sys.path.insert(0, os.environ["EXCEPTION_TRUTH"])
import disassembly  # noqa: E402, it lies beside the tests

LOW, HIGH = 0x400000, 0x2000000  # a program that is not position-independent; libraries are higher


def word(address):
    return int.from_bytes(gdb.selected_inferior().read_memory(address, 8).tobytes(), "little")


def offset_of_words():
    """The first word's offset in the thread's state: what _PyErr_Fetch() loads first."""
    for line in gdb.execute("x/12i _PyErr_Fetch", to_string=True).splitlines():
        text = line.split(":", 1)[1].strip()
        if "(%rdi)" in text and text.startswith("mov"):
            return int(text.split("(%rdi)")[0].split()[-1].split(",")[-1], 16)
    raise gdb.GdbError("no _PyErr_Fetch")


def add_names():
    """Of an interpreter that a loader named on the command line has mapped: gdb knows the loader."""
    with open(f"/proc/{gdb.selected_inferior().pid}/maps", encoding="utf-8") as file:
        path = next(line.split()[-1] for line in file if line.startswith("00400000-"))
    if path != gdb.current_progspace().filename:
        gdb.execute(f"add-symbol-file {path}", to_string=True)


def registers():
    frame = gdb.selected_frame()
    return {name: int(frame.read_register(name)) & (1 << 64) - 1 for name in disassembly.REGISTERS}


def step(words):
    pc = int(gdb.parse_and_eval("(unsigned long)$pc"))
    touched = [""] * 3
    text = ""
    if LOW <= pc < HIGH:
        text = gdb.execute("x/i $pc", to_string=True).split(":", 1)[1].strip()
        if "(" in text:
            for address, size, reads, writes in disassembly.accesses(
                    disassembly.Instruction(text), registers(), 0):
                for n, at in enumerate(words):
                    if address < at + 8 and at < address + size:
                        touched[n] = "r" * reads + "w" * writes
    row = [pc, text.split(None, 1)[0] if text else "", touched, [word(at) for at in words]]
    gdb.execute("stepi", to_string=True)
    return row


def main():
    for command in ("set pagination off", "set breakpoint pending on", "set confirm off",
                    "handle SIGSEGV stop", "break direct.c:work", "run", "finish", "delete"):
        gdb.execute(command, to_string=True)
    add_names()
    state = int(gdb.parse_and_eval("(unsigned long)((void *(*)(void))PyThreadState_Get)()"))
    words = [state + offset_of_words() + 8 * n for n in range(3)]
    rows = [step(words) for _ in range(int(os.environ["EXCEPTION_LIMIT"]))]
    with open(os.environ["EXCEPTION_STEPS"], "w", encoding="utf-8") as file:
        json.dump([row for row in rows if LOW <= row[0] < HIGH], file)
    gdb.execute("kill", to_string=True)


main()
