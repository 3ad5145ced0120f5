# SPDX-License-Identifier: MIT
"""What test_opcodes.py sweeps: one function with loops, calls, comprehensions, exceptions, a with
statement, a closure, a generator and one that has another iterator yield for it. `subject.py trace`
prints the opcodes that the interpreter's own tracing shows, as JSON, by the names that the compiler
gave them; without argument it only runs."""
import sys


def numbers(limit):
    number = 0
    while number < limit:
        yield number
        number += 1


def items():
    yield from (1, 2, 3)


class Guard:
    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        return kind is KeyError


def subject():
    values = [1, 2, 3]
    total = 0
    for value in values:
        if value % 2:
            total += value
        else:
            total -= 1

    def add(more):
        return total + more

    text = "a" + str(add(4))
    try:
        {}[text]
    except KeyError as error:
        total = len(error.args)
    finally:
        values.append(total)
    with Guard():
        raise KeyError(text)
    for number in numbers(2):
        total = max(total, number)
    total += len(list(items()))
    return [x * 2 for x in (total, len(text))]


def done():
    return None


def trace():
    import json
    from opcode import opname

    seen = []

    def tracer(frame, event, argument):
        if frame.f_code.co_filename != __file__:
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        if event == "opcode":
            code = frame.f_code
            seen.append((code.co_name, frame.f_lasti, opname[code.co_code[frame.f_lasti]]))
        return tracer

    sys._getframe().f_trace_opcodes = True  # 3.12 looks at it here, when tracing begins
    sys.settrace(tracer)
    subject()
    seen.clear()  # from 3.12 on a code object's first run is not shown from its beginning
    subject()
    sys.settrace(None)
    print(json.dumps(seen))


if sys.argv[1:] == ["trace"]:
    trace()
else:
    subject()
    done()
