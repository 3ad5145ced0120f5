# SPDX-License-Identifier: MIT
"""pyzmq makes messages of bytes and copies them. Uncopied ones start threads of their own."""
import zmq


def once():
    frame = zmq.Frame(b"payload" * 100)
    again = zmq.Frame(bytes(frame))
    return len(again.bytes) + len(again.buffer), zmq.strerror(4)


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
