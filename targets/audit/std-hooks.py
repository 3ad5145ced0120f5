# SPDX-License-Identifier: MIT
"""json and pickle with hooks: Python code called from their C code."""
import io
import json
import pickle


class Point:
    def __init__(self, x):
        self.x = x

    def __reduce__(self):
        parts = (self.x,)
        return Point, parts

    def __eq__(self, other):
        return self.x == other.x


class Reader(pickle.Unpickler):
    def find_class(self, module, name):
        found = globals()[name]
        return found


def plain(point):
    return {"x": point.x}


def revive(table):
    return Point(table["x"])


def once():
    text = json.dumps([Point(1)], default=plain)
    points = json.loads(text, object_hook=revive)
    data = pickle.dumps([Point(2)])
    return points + Reader(io.BytesIO(data)).load()


def work():
    try:
        return once()
    except KeyboardInterrupt:
        pass
    return once()


def end():
    pass


once()
expected = once()
got = work()
end()
assert got == expected, got
