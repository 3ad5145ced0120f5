# SPDX-License-Identifier: MIT
"""What an instruction does to memory, read from objdump's AT&T text and the registers before it.

Knows nothing of targets. Only explicit memory operands count: the stack that push, pop, call and
ret touch is nobody's shared word here.
"""
import os
import re
import subprocess

REGISTERS = ("rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 fs_base").split()
PREFIXES = {"lock", "rep", "repz", "repnz", "bnd", "notrack", "data16", "cs", "ds", "es",
            "xacquire", "xrelease"}
MEMORY = re.compile(r"^\*?(?:%(?P<segment>[a-z]s):)?(?P<shift>-?0x[0-9a-f]+)?"
                    r"(?:\((?P<base>%\w+)?(?:,(?P<index>%\w+),(?P<scale>[1248]))?\))?$")
# Instructions whose last operand is memory that they only read, or that they do not touch at all.
READERS = re.compile(r"^(cmp|test|bt|ucomis|comis|vucomis|vcomis|ptest|vptest|call|jmp|push|div|"
                     r"idiv|mul|imul|fld|ldmxcsr|xrstor|fxrstor)[bwlqsdp]*$")
UNTOUCHED = re.compile(r"^(lea|nop|prefetch|endbr)")
# Instructions that store their last operand without reading it.
WRITERS = re.compile(r"^(v?mov|set|pop|stos|v?movs|fst|stmxcsr|xsave|fxsave)")
NARROW = {"movss": 4, "movd": 4, "movsd": 8, "movq": 8, "movlps": 8, "movhps": 8, "movlpd": 8,
          "movhpd": 8}
SUFFIX = {"b": 1, "w": 2, "l": 4, "q": 8}
GAP = 64  # bytes without an executed instruction that are still disassembled in one go


class Instruction:
    def __init__(self, text):
        code, _, comment = text.partition("#")
        words = code.split(None, 1)
        self.prefixes = set()
        while words and words[0] in PREFIXES and len(words) > 1:
            self.prefixes.add(words[0])
            words = words[1].split(None, 1)
        self.text = " ".join(code.split())
        self.name = words[0] if words else ""
        self.operands = split_operands(words[1].strip()) if len(words) > 1 else []
        target = re.match(r"\s*([0-9a-f]+) <", comment)
        self.relative = int(target.group(1), 16) if target else None


def split_operands(text):
    return [part.strip() for part in re.split(r",(?![^(]*\))", text) if part.strip()]


def register_width(name):
    """Bytes of %name."""
    name = name.lstrip("%")
    vector = {"x": 16, "y": 32, "z": 64}
    if name[1:3] == "mm" and name[0] in vector:
        return vector[name[0]]
    if re.match(r"^(r[a-ds][ipx]|r[bs]p|r[0-9]+)$", name):
        return 8
    if re.match(r"^(e..|r[0-9]+d)$", name):
        return 4
    if re.match(r"^(..|r[0-9]+w)$", name) and name[1] in "xpi":
        return 2
    return 1


def width_of(instruction):
    """Bytes that its memory operand has."""
    plain = instruction.name[1:] if instruction.name.startswith("v") else instruction.name
    registers = [operand for operand in instruction.operands if re.match(r"^%\w+$", operand)]
    if plain in NARROW and any("mm" in register for register in registers):
        return NARROW[plain]
    extends = re.match(r"^mov[sz]([bwl])[wlq]$", plain)
    if extends:
        return SUFFIX[extends.group(1)]
    if registers:
        return max(register_width(register) for register in registers)
    if plain in ("call", "jmp", "push", "pop"):
        return 8
    return SUFFIX.get(plain[-1:], 8)


def address_of(operand, instruction, registers, base):
    """Where a memory operand points; None where it is none or cannot be told."""
    match = MEMORY.match(operand)
    if not match or operand.startswith("$") or not (match["base"] or match["index"] or
                                                    match["segment"]):
        return None
    if match["base"] == "%rip":
        return None if instruction.relative is None else instruction.relative + base
    address = int(match["shift"] or "0", 16)
    for part, scale in ((match["base"], 1), (match["index"], int(match["scale"] or 1))):
        if part in (None, "%riz"):
            continue
        if part[1:] not in registers:
            return None
        address += registers[part[1:]] * scale
    if match["segment"] == "fs":
        address += registers["fs_base"]
    elif match["segment"] == "gs":
        return None
    return address & 0xffffffffffffffff


def accesses(instruction, registers, base):
    """[(address, width, loads, stores)] of its memory operands; `base`: of its module."""
    found = []
    if UNTOUCHED.match(instruction.name):
        return found
    last = len(instruction.operands) - 1
    for place, operand in enumerate(instruction.operands):
        address = address_of(operand, instruction, registers, base)
        if address is None:
            continue
        reads = place != last or bool(READERS.match(instruction.name))
        writes = not reads or instruction.name.startswith(("xchg", "xadd"))
        loads = reads or not WRITERS.match(instruction.name)
        found.append((address, width_of(instruction), loads, writes))
    return found


def clusters(addresses):
    """Sorted addresses as (first, last) of runs without large gaps."""
    runs = []
    for address in sorted(addresses):
        if runs and address - runs[-1][1] <= GAP:
            runs[-1][1] = address
        else:
            runs.append([address, address])
    return runs


def disassemble(path, addresses):
    """{address: Instruction} of at least these addresses (the file's own)."""
    found = {}
    for first, last in clusters(addresses):
        output = subprocess.run(
            ["objdump", "-d", "--no-show-raw-insn", f"--start-address={first:#x}",
             f"--stop-address={last + 16:#x}", path],
            check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
        for line in output.stdout.splitlines():
            match = re.match(r"^\s*([0-9a-f]+):\t(.*)$", line)
            if match:
                found[int(match.group(1), 16)] = Instruction(match.group(2))
    missing = set(addresses) - set(found)
    if missing:
        raise LookupError(f"{path}: objdump has no instruction at {min(missing):#x}")
    return found


def symbols(path, dynamic=False):
    """{name: address} of a file's symbols."""
    output = subprocess.run(["nm", "-D" if dynamic else "-a", path], check=True,
                            capture_output=True, text=True)
    found = {}
    for line in output.stdout.splitlines():
        words = line.split()
        if len(words) == 3:
            found.setdefault(words[2].split("@")[0], int(words[0], 16))
    return found
