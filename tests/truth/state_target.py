# SPDX-License-Identifier: MIT
"""A target of targets/state and its window, which annotations mark; sweeps in which it tells.

Reads the notes with readelf. Knows nothing of the harness.
"""
import os
import re
import subprocess

import manifest
import walk

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def probes(path):
    """[(name, address in the file)] of the provider sigsweep, in the order of addresses."""
    output = subprocess.run(["readelf", "-nW", path], check=True, capture_output=True, text=True,
                            env={**os.environ, "LC_ALL": "C"}).stdout
    found = re.findall(r"Provider: sigsweep\n\s*Name: (\w+)\n\s*Location: (0x[0-9a-f]+)", output)
    return sorted(((name, int(place, 16)) for name, place in found), key=lambda each: each[1])


def manifest_path(name):
    """The manifest, or the one that waits for its oracle."""
    path = os.path.join(ROOT, "targets", "state", name + ".manifest")
    return path + ".later" if os.path.exists(path + ".later") else path


class Target(walk.Target):
    def __init__(self, name, build):
        self.manifest = manifest.read(manifest_path(name))
        # Several manifests may sweep one program, each at other boundaries.
        self.name = self.manifest["program"].removeprefix("build:")
        self.build = os.path.abspath(build)
        self.program = os.path.join(self.build, "targets", "state", self.name)
        self.stepper = os.path.join(self.build, "tests", "truth", "stepper")
        self.symbols = walk.disassembly.symbols(self.program)
        for name in list(self.symbols):  # what g++ makes of a static variable's name
            plain = re.fullmatch(r"_ZL\d+(\w+)", name)
            if plain:
                self.symbols.setdefault(plain[1], self.symbols[name])
        self.probes = probes(self.program)

    def probe(self, name):
        places = [place for other, place in self.probes if other == name]
        if len(places) != 1:
            raise LookupError(f"{self.program}: {len(places)} probes are called {name}, not one")
        return places[0]

    def run_stepper(self, *options, arguments=()):
        output = subprocess.run(
            [self.stepper, "--from", f"image+{self.probe('window_begin'):#x}", *options,
             self.program, *arguments], check=True, capture_output=True, text=True)
        return [line.split() for line in output.stdout.splitlines()]

    def walk(self, peeks=()):
        """The window only, though the stepper goes on to the end."""
        options = [word for address in peeks for word in ("--peek", f"{address:#x}")]
        lines = self.run_stepper("--registers", *options)
        base = next(int(words[1], 16) for words in lines if words[0] == "base")
        end = f"{base + self.probe('window_end'):x}"
        last = next(int(words[0]) for words in lines if words[0].isdigit() and words[1] == end)
        return walk.Walk(self, [words for words in lines
                                if not words[0].isdigit() or int(words[0]) < last])

    def sweep(self, last, *arguments):
        """([end of the run with the signal at each boundary], the baseline's end)."""
        ends = [tuple(words[1:]) for words in
                self.run_stepper("--inject", f"1-{last}", arguments=arguments)]
        baseline = [words for words in self.run_stepper(arguments=arguments)
                    if words[0] == "baseline"]
        return ends, tuple(baseline[0][1:])
