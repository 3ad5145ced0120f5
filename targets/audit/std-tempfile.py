# SPDX-License-Identifier: MIT
"""tempfile: a named file that goes with its with statement."""
import tempfile


def once():
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")


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
