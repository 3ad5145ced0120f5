# SPDX-License-Identifier: MIT
"""Brings an interpreter into a known state, writes down on descriptor 3 what it knows of that
state by its own means, and stops. The argument names the state."""
import dis
import json
import os
import signal
import sys
import _thread


def instruction_of(code, offset):
    """The instruction that holds `offset`, which in 3.11 may be one of its cache entries."""
    found = None
    for instruction in dis.get_instructions(code):
        if instruction.offset <= offset:
            found = instruction
    return found


def name_of(code):
    return getattr(code, "co_qualname", code.co_name)


def stop(**more):
    frames = []
    frame = sys._getframe(1)
    while frame is not None:
        instruction = instruction_of(frame.f_code, frame.f_lasti)
        frames.append({"file": frame.f_code.co_filename, "function": name_of(frame.f_code),
                       "line": frame.f_lineno, "first_line": frame.f_code.co_firstlineno,
                       "offset": instruction.offset, "opcode": instruction.opname})
        frame = frame.f_back
    more["frames"] = frames
    os.write(3, json.dumps(more).encode())
    os.kill(os.getpid(), signal.SIGSTOP)


class Thing:
    def method(self, depth):
        if depth:
            return self.method(
                depth - 1
            ) + 1
        return sorted([1], key=lambda value: self.walk(value) or 0)[0]

    def walk(self, value):
        for item in self.generate(value):
            if item:
                return item

    def generate(self, value):
        try:
            raise ValueError("first")
        except ValueError:
            try:
                {}["missing"]
            except KeyError as error:
                yield stop(handled=["KeyError", "ValueError"],
                           refcount=sys.getrefcount(error) - 1)


def frames():
    Thing().method(3)


def warm():
    # Long enough for the interpreter to specialise what it executes.
    total = 0
    for number in range(2000):
        total += number * 2
        if number == 1999:
            stop()


def many_lines():
    value = [
        stop() if number == 50 else
        number
        for number in range(51)
    ]
    return value


def tripped():
    signal.signal(signal.SIGUSR1, lambda number, frame: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    stop(objects={"text": "h\u00e9llo \u20ac \U0001f40d"})
    # The test unblocks it at the system call that follows, with the signal pending.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])


latin, wide, astral, lock = "h\u00e9llo", "\u20ac uro", "\U0001f40d", _thread.allocate_lock()
numbers = [latin, wide, astral]
nothing = None


def companion():
    os.environ["SIGSWEEP"] = "1"
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                                    "companion"))
    import sigsweep
    sigsweep.watch(lock, "the lock")
    sigsweep.check(lambda: True, "the check")
    # Where a trial would stop: at the announcement of the window.
    begin = sigsweep.__sigsweep_window_begin__

    def __sigsweep_window_begin__(opened):
        begin(opened)
        stop()
    sigsweep.__sigsweep_window_begin__ = __sigsweep_window_begin__
    with sigsweep.window("the window"):
        pass


if __name__ == "__main__":
    globals()[sys.argv[1]]()
