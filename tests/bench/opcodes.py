# SPDX-License-Identifier: MIT
"""What the section `opcodes` of `make bench` sweeps and traces: a window of a chosen number of
opcodes, from the call of work() to that of end().

  opcodes.py sweep ROUNDS    the program; ROUNDS are about 10 opcodes each, 100 opcodes are 9 of them
  opcodes.py trace ROUNDS    the same under an opcode tracer that does nothing; prints its seconds and
                             how many opcodes it was called for
"""
import signal
import sys
import time

interrupted = False


def on_signal(_number, _frame):
    global interrupted
    interrupted = True


def work(rounds):
    value = 1
    for number in range(rounds):
        value = (value * 31 + number) & 0xFFFF
    return value


def end():
    return None


def trace(rounds):
    """The opcodes are counted in another run, so that the timed tracer has nothing to do."""
    count = 0

    def counting(frame, event, argument):
        nonlocal count
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        count += event == "opcode"
        return counting

    def idle(frame, event, argument):
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return opcode

    def opcode(frame, event, argument):
        return opcode

    sys._getframe().f_trace_opcodes = True
    sys.settrace(counting)
    work(rounds)
    count = 0  # from 3.12 on a code object's first run is not shown from its beginning
    work(rounds)
    sys.settrace(idle)
    start = time.perf_counter()
    work(rounds)
    seconds = time.perf_counter() - start
    sys.settrace(None)
    print(seconds, count)


signal.signal(signal.SIGINT, on_signal)
if sys.argv[1] == "trace":
    trace(int(sys.argv[2]))
else:
    work(int(sys.argv[2]))
    end()
