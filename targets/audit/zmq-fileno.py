# SPDX-License-Identifier: MIT
"""pyzmq polls an object that says in Python which descriptor it has."""
import os

import zmq

reader, writer = os.pipe()


class Pipe:
    def fileno(self):
        number = reader
        return number


pipe = Pipe()


def once():
    return zmq.zmq_poll([(pipe, zmq.POLLIN)], 0)


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
