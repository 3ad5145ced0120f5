# SPDX-License-Identifier: MIT
"""A target's window as the stepper walks it: boundaries, registers, and who touches which word."""
import os
import subprocess
import tempfile

import disassembly
import manifest


class Target:
    """A built target of targets/native with its manifest."""

    def __init__(self, name, build):
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        self.name = name
        self.manifest = manifest.read(os.path.join(root, "targets", "native", name + ".manifest"))
        self.program = os.path.join(os.path.abspath(build), "targets", "native", name)
        self.stepper = os.path.join(os.path.abspath(build), "tests", "truth", "stepper")
        self.symbols = disassembly.symbols(self.program)

    def run_stepper(self, *options):
        """Its output as lists of words."""
        window = self.manifest.get("from", "handler")
        if window != "handler":
            window = f"image+{self.symbols[window]:#x}"
        with tempfile.NamedTemporaryFile() as stdin:
            stdin.write(manifest.stdin_bytes(self.manifest))
            stdin.flush()
            output = subprocess.run(
                [self.stepper, "--from", window, "--stdin", stdin.name, *options, self.program],
                check=True, capture_output=True, text=True)
        return [line.split() for line in output.stdout.splitlines()]

    def walk(self, peeks=()):
        options = [word for address in peeks for word in ("--peek", f"{address:#x}")]
        return Walk(self, self.run_stepper("--registers", *options))

    def sweep(self):
        """([(kind, number, stdout, stderr)] for each boundary, the same of the baseline)."""
        ends = [tuple(words[1:]) for words in self.run_stepper("--inject", "1-999999999")]
        baseline = [words for words in self.run_stepper() if words[0] == "baseline"]
        return ends, tuple(baseline[0][1:])


class Boundary:
    def __init__(self, words):
        values = [int(word, 16) for word in words[1:]]
        self.pc = values[0]
        self.registers = dict(zip(disassembly.REGISTERS, values[1:]))
        self.peeks = values[1 + len(disassembly.REGISTERS):]


class Walk:
    """Boundaries are numbered from 1, as everywhere."""

    def __init__(self, target, lines):
        self.target = target
        self.boundaries = [Boundary(words) for words in lines if words[0].isdigit()]
        self.base = next(int(words[1], 16) for words in lines if words[0] == "base")
        self.maps = [(int(words[1], 16), int(words[2], 16), int(words[3], 16), words[4])
                     for words in lines if words[0] == "map"]
        self.sleeps = any(words[:2] == ["walk", "asleep"] for words in lines)
        self.code = {}
        self.read_code()

    def __len__(self):
        return len(self.boundaries)

    def at(self, index):
        return self.boundaries[index - 1]

    def indices(self):
        return range(1, len(self) + 1)

    def module_of(self, pc):
        """(path, base) of the file that is mapped at pc."""
        path = next(path for start, end, _, path in self.maps if start <= pc < end)
        return path, min(start for start, _, _, other in self.maps if other == path)

    def module_named(self, prefix):
        """(path, base) of the library whose file name begins so."""
        path = next(path for *_, path in self.maps if os.path.basename(path).startswith(prefix))
        return path, min(start for start, _, _, other in self.maps if other == path)

    def read_code(self):
        modules = {}
        for pc in {boundary.pc for boundary in self.boundaries}:
            modules.setdefault(self.module_of(pc), set()).add(pc)
        for (path, base), addresses in modules.items():
            code = disassembly.disassemble(path, {pc - base for pc in addresses})
            for pc in addresses:
                self.code[pc] = (code[pc - base], base)

    def instruction(self, index):
        return self.code[self.at(index).pc][0]

    def address(self, symbol):
        return self.base + self.target.symbols[symbol]

    def accesses(self, index):
        instruction, base = self.code[self.at(index).pc]
        return disassembly.accesses(instruction, self.at(index).registers, base)

    def touches(self, address, size):
        """(loads, stores): the boundaries before instructions that touch [address, +size)."""
        loads, stores = [], []
        for index in self.indices():
            for start, width, reads, writes in self.accesses(index):
                if start < address + size and address < start + width:
                    if reads:
                        loads.append(index)
                    if writes:
                        stores.append(index)
        return loads, stores
