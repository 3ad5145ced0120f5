# SPDX-License-Identifier: MIT
"""What a C++ exception meets in a frame: the call-site tables that g++ writes beside the code.

Reads .eh_frame with readelf and .gcc_except_table by itself (Itanium C++ ABI, exception handling
tables as gcc lays them out). Knows nothing of targets.
"""
import os
import re
import subprocess

OMITTED = 0xff
FDE_HEADER = 17  # length, CIE pointer, start, range (4 bytes each), size of the augmentation data


def readelf(*arguments):
    return subprocess.run(["readelf", *arguments], check=True, capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def section(path, name):
    """(address, bytes) of a section."""
    match = re.search(rf"\]\s{re.escape(name)}\s+\S+\s+(\w+)\s+(\w+)\s+(\w+)",
                      readelf("-SW", path))
    address, offset, size = (int(word, 16) for word in match.groups())
    with open(path, "rb") as file:
        file.seek(offset)
        return address, file.read(size)


def frames(path):
    """[(start, end, address of the table or None)] of the functions."""
    base, _ = section(path, ".eh_frame")
    found = []
    for match in re.finditer(r"^(\w{8}) \w+ \w+ FDE cie=\w+ pc=(\w+)\.\.(\w+)\n"
                             r"(?:\s+Augmentation data:\s+((?:\w\w ?)+)\n)?", readelf("-wf", path),
                             re.M):
        place, start, end = (int(word, 16) for word in match.groups()[:3])
        table = None
        if match[4]:
            distance = int.from_bytes(bytes.fromhex(match[4]), "little", signed=True)
            table = base + place + FDE_HEADER + distance if distance else None
        found.append((start, end, table))
    return found


class Reader:
    def __init__(self, data, at):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def number(self):
        """ULEB128."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7f) << shift
            shift += 7
            if not byte & 0x80:
                return value


class Tables:
    def __init__(self, path):
        self.frames = frames(path)
        self.base, self.data = section(path, ".gcc_except_table")

    def function(self, pc):
        return next(((start, end) for start, end, _ in self.frames if start <= pc < end), None)

    def landing(self, pc):
        """Where an exception at pc goes on: an address (0: to the caller), None: terminate()."""
        start, table = next((start, table) for start, end, table in self.frames
                            if start <= pc < end)
        if table is None:
            return 0
        reader = Reader(self.data, table - self.base)
        if reader.byte() != OMITTED:
            raise ValueError("landing pads that count from elsewhere are not known here")
        if reader.byte() != OMITTED:
            reader.number()
        if reader.byte() != 1:
            raise ValueError("call sites are not ULEB128")
        end = reader.number()
        end += reader.at
        while reader.at < end:
            first, size, pad, _ = (reader.number() for _ in range(4))
            if start + first <= pc < start + first + size:
                return start + pad if pad else 0
        return None
