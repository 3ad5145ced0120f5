# SPDX-License-Identifier: MIT
"""subprocess: a command that is there, run to its end."""
import subprocess


def once():
    return subprocess.run(["/bin/true"], stdout=subprocess.PIPE).returncode


def work():
    try:
        return once()
    except KeyboardInterrupt:
        pass


def end():
    pass


once()
once()
work()
end()
