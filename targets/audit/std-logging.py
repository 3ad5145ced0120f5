# SPDX-License-Identifier: MIT
"""logging: one record through a logger to a handler, as every program does it."""
import io
import logging

log = logging.getLogger("audit")
log.propagate = False
log.addHandler(logging.StreamHandler(io.StringIO()))


def once():
    log.warning("text %d", 1)


def work():
    try:
        once()
    except KeyboardInterrupt:
        pass


def end():
    pass


once()
once()
work()
end()
