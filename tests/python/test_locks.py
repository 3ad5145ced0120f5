#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The python-lock oracle, which looks at a script from outside, against held.py, which asks the locks
themselves behind the same script: both must find fault at exactly the same boundaries.
SIGSWEEP_TEST_PYTHON names another interpreter than the host's."""

import tempfile
import unittest
from pathlib import Path

import swept
from swept import TARGETS

# The handler's way has a second thread: who holds the lock cannot be followed to the end.
THREAD = """
import threading

lock = threading.Lock()


def work():
    lock.acquire()
    len("x")
    lock.release()


def end():
    pass


try:
    work()
except KeyboardInterrupt:
    thread = threading.Thread(target=end)
    thread.start()
    thread.join()
end()
"""


def faults(options, command):
    """The boundaries with a finding. Status 3: it is not complete, or has unknown verdicts."""
    sweep = swept.Sweep(["-b", "opcode", "--from", "py:work", *options], command)
    if sweep.status not in (0, 1):
        raise AssertionError(f"exit status {sweep.status}: {sweep.message}")
    return [trial["index"] for trial in sweep.found()]


class Locks(unittest.TestCase):
    def compare(self, script):
        outside = faults(["--oracle", "python-lock"], [TARGETS / script])
        inside = faults(["--oracle", "end", "--to", "py:end"],
                        [TARGETS / "held.py", TARGETS / script])
        self.assertEqual(outside, inside)

    def test_acquire_try(self):
        self.compare("lock-acquire-try.py")

    def test_guarded(self):
        self.compare("lock-acquire-guarded.py")

    def test_with(self):
        self.compare("lock-with.py")

    def test_loop(self):
        self.compare("lock-with-in-loop.py")

    def test_recursive(self):
        self.compare("rlock-acquire-try.py")

    def test_suspended(self):
        self.compare("generator-lock-kept.py")

    def test_thread(self):
        """Not silent where it stays held."""
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "thread.py"
            script.write_text(THREAD)
            done = swept.Sweep(["-b", "opcode", "--oracle", "python-lock", "--from", "py:work",
                                "--to", "py:end", *swept.sample(10)], [script])
        self.assertEqual(done.report["findings"], [])
        self.assertEqual(done.status, 3, done.message)
        self.assertTrue(done.report["unknown"])
        self.assertIn("second thread", str(done.report["unknown"]))


if __name__ == "__main__":
    swept.main()
