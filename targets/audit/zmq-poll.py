# SPDX-License-Identifier: MIT
"""pyzmq polls two pipes. Sockets are left out: the first one starts two threads."""
import os

import zmq

ready, writer = os.pipe()
quiet, kept = os.pipe()
os.write(writer, b"x")


def once():
    return zmq.zmq_poll([(ready, zmq.POLLIN), (quiet, zmq.POLLIN)], 20) == [(ready, zmq.POLLIN)]


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
