# SPDX-License-Identifier: MIT
"""pyzmq waits for a pipe on which nothing comes; Ctrl-C is to end that."""
import os

import zmq

quiet, kept = os.pipe()


def work():
    try:
        zmq.zmq_poll([(quiet, zmq.POLLIN)], -1)
    except KeyboardInterrupt:
        pass


def end():
    pass


work()
end()
