# SPDX-License-Identifier: MIT
"""What is measured, section by section: each function gives rows. The numbers of rounds and of
boundaries are chosen so that all of it takes a few minutes."""

import os
import shutil
from pathlib import Path

import rivals
from measure import alternate, median, own_time, ratio, run
from programs import CProgram, python_program
from sweep import sweep
from table import Row

CORE = ["--oracle", "end"]  # verified, unwound, recorded; the other oracles are measured by themselves
OPCODES = Path(__file__).resolve().parent / "opcodes.py"
OPCODE_WINDOW = ["-b", "opcode", "--from", "py:work", "--to", "py:end"]
# From one builtin of bash to another one, which its symbol table names.
BASH_SCRIPT = "trap 'n=1' INT; :; n=$((1 + 2)); false; echo done"
BASH_WINDOW = ["--budget", "1500trials", "--from", "colon_builtin", "--to", "false_builtin"]


class Bench:
    """What all sections share."""

    def __init__(self, sigsweep, build, rounds):
        self.sigsweep, self.build, self.rounds = sigsweep, build, rounds
        self.c = CProgram(build, sigsweep)

    def sweep(self, program, length, *options, mode="sweep", **more):
        return sweep(self.sigsweep, [*program.window, *options], program.swept(length, mode), **more)


def against_ceiling(bench, program, length, count, rounds, least):
    """Injections per second against the same program interrupting itself."""
    section = f"injections per second, {program.name}"
    all_ = alternate(
        rounds,
        ceiling=lambda: program.ceiling(length, count),
        one=lambda: bench.sweep(program, length, "-j1", *CORE),
        bare=lambda: program.ceiling(length, count, "bare"),
        two=lambda: bench.sweep(program, length, "-j2", *CORE))
    one = [each.seconds_each for each in all_["one"]]
    two = [each.seconds_each for each in all_["two"]]
    return [
        Row(section, "sigsweep run -j1", median([1 / each for each in one]), "/s",
            note=f"{all_['one'][0].injected:,} boundaries, from start to report"),
        Row(section, "ceiling: fork, raise, run to the end", median([1 / each for each in
                                                                     all_["ceiling"]]), "/s"),
        Row(section, "ratio to the ceiling", ratio(all_["ceiling"], one), least=least),
        Row(section, "ratio to a bare fork, _exit and wait", ratio(all_["bare"], one)),
        Row(section, "two jobs against one", ratio(one, two), "x", least=1.6),
    ]


def c_program(bench):
    return against_ceiling(bench, bench.c, bench.c.length(10000), 5000, bench.rounds, 0.6)


def cpython(bench):
    program = python_program()
    if not program:
        return [Row("injections per second, CPython", "skipped: no python3 of the system", 0)]
    return against_ceiling(bench, program, 1, 1500, max(1, bench.rounds - 2), 0.5)


def steps(bench):
    """The walk without trials (--in a module that is not there), less what start and end take,
    against the barest loop over the same instructions."""
    section = "steps per second"
    count = 50000
    short, long = bench.c.length(1000), bench.c.length(1000 + count)
    walk = ["-j1", "--in", "/none", *CORE]
    program = bench.c.command[0]
    all_ = alternate(
        bench.rounds,
        bare=lambda: count / own_time([program.with_name("barestep"), count, program, "stop", long]),
        short=lambda: bench.sweep(bench.c, short, *walk),
        long=lambda: bench.sweep(bench.c, long, *walk))
    walked = [(b.walked - a.walked) / (b.seconds - a.seconds)
              for a, b in zip(all_["short"], all_["long"])]
    return [
        Row(section, "sigsweep, walking", median(walked), "/s"),
        Row(section, "PTRACE_SINGLESTEP and waitpid, nothing else", median(all_["bare"]), "/s"),
        Row(section, "ratio", ratio(walked, all_["bare"]), least=0.9),
    ]


def gdb(bench):
    section = "against a gdb script, 1,000 boundaries"
    if not shutil.which("gdb"):
        return [Row(section, "skipped: no gdb", 0)]
    length = bench.c.length(1000)
    all_ = alternate(
        min(3, bench.rounds),
        gdb=lambda: rivals.gdb_all(bench.c.swept(length), "window_begin", 1000),
        one=lambda: bench.sweep(bench.c, length, "-j1", *CORE),
        two=lambda: bench.sweep(bench.c, length, *CORE))
    own, two = ([each.seconds for each in all_[name]] for name in ("one", "two"))
    return [
        Row(section, "gdb, one process, runs anew and steps", median(all_["gdb"]), "s",
            note="five of the boundaries measured, the rest by the straight line through them"),
        Row(section, "sigsweep run -j1, from start to report", median(own), "s"),
        Row(section, "ratio, one job", ratio(all_["gdb"], own), "x"),
        Row(section, "ratio, as many jobs as CPUs (the default)", ratio(all_["gdb"], two), "x",
            least=500),
    ]


def strace(bench):
    section = "against strace --inject, a run for each system call"
    if not shutil.which("strace"):
        return [Row(section, "skipped: no strace", 0)]
    all_ = alternate(
        min(3, bench.rounds),
        strace=lambda: rivals.strace_each(bench.c.swept(300, "calls")),
        own=lambda: bench.sweep(bench.c, 300, "-j1", "-b", "syscall", *CORE, mode="calls"))
    own = [each.seconds_each for each in all_["own"]]
    return [
        Row(section, "strace, each injection", 1000 * median(all_["strace"]), "ms"),
        Row(section, "sigsweep run -j1 -b syscall, each injection", 1000 * median(own), "ms"),
        Row(section, "ratio", ratio(all_["strace"], own), "x"),
    ]


def growth(bench):
    """Seconds per injection and memory as the window grows."""
    section = "growth"
    sizes = {1000: bench.rounds, 10000: min(2, bench.rounds), 100000: 1}
    fixed = median([bench.sweep(bench.c, 0, "-j1", "--budget", "1trials", *CORE).seconds
                    for _ in range(bench.rounds)])
    rows = [Row(section, "start and report of a sweep of one boundary", 1000 * fixed, "ms",
                note="taken off below")]
    each, memory = [], []
    for size, rounds in sizes.items():
        length = bench.c.length(size)
        sweeps = [bench.sweep(bench.c, length, "-j1", *CORE, with_memory=True)
                  for _ in range(rounds)]
        each.append(median([(one.seconds - fixed) / one.injected for one in sweeps]))
        memory.append(max(one.memory for one in sweeps) / 1024)
        rows.append(Row(section, f"{size:,} boundaries, each injection", 1e6 * each[-1], "us"))
        rows.append(Row(section, f"{size:,} boundaries, peak memory of the harness", memory[-1],
                        "MiB"))
    return [*rows,
            Row(section, "slowest size against fastest", max(each) / min(each), "x", most=1.2),
            Row(section, "largest memory against smallest", max(memory) / min(memory), "x",
                most=1.2)]


def cost_of_oracles(bench, name, options, command):
    """Trials per second with the oracle `end` alone, which looks at nothing more than every trial
    does, with each other one beside it, and with all."""
    section = f"oracles, {name}"
    others = [line.split()[0] for line in run([bench.sigsweep, "list", "oracles"])[1].splitlines()]
    others.remove("end")

    def side(*words):
        return lambda: sweep(bench.sigsweep, ["-j1", *options, *words], command)

    sides = {"end": side(*CORE), "all": side()}
    for other in others:
        sides[other] = side("--oracle", f"end,{other}")
    all_ = {key: [each.seconds_each for each in each_round]
            for key, each_round in alternate(min(3, bench.rounds), **sides).items()}
    return [
        Row(section, "end alone", median([1 / each for each in all_["end"]]), "/s"),
        *[Row(section, f"time with {other} as well", ratio(all_[other], all_["end"]), "x")
          for other in others],
        Row(section, "time with all", ratio(all_["all"], all_["end"]), "x", most=1.5),
    ]


def oracles(bench):
    rows = cost_of_oracles(bench, "C", bench.c.window, bench.c.swept(bench.c.length(2000)))
    bash = shutil.which("bash")
    if bash:
        rows += cost_of_oracles(bench, "bash", BASH_WINDOW, [bash, "-c", BASH_SCRIPT])
    return rows


def own_tracer(python, rounds):
    """Opcodes per second of the interpreter's own tracer."""
    printed = run([python, "-S", OPCODES, "trace", rounds], pinned=True)[1]
    seconds, count = printed.split()
    return int(count) / float(seconds)


def opcode_walk(bench, python, rounds):
    """The walk without trials: no boundary is of a file of that name."""
    return sweep(bench.sigsweep, ["-j1", *OPCODE_WINDOW, "--in", "none.py", *CORE],
                 [python, "-S", OPCODES, "sweep", rounds])


def opcode_rate(bench, python):
    section = "opcode boundaries per second"
    all_ = alternate(bench.rounds,
                     tracer=lambda: own_tracer(python, 20000),
                     short=lambda: opcode_walk(bench, python, 10),
                     long=lambda: opcode_walk(bench, python, 2000))
    walked = [(b.walked - a.walked) / (b.seconds - a.seconds)
              for a, b in zip(all_["short"], all_["long"])]
    return [
        Row(section, "sigsweep, walking", median(walked), "/s"),
        Row(section, "sys.settrace, a tracer that does nothing", median(all_["tracer"]), "/s"),
        Row(section, "ratio", ratio(walked, all_["tracer"])),
    ]


def opcode_trials(bench):
    """Opcode boundaries of the CPython program against its own ceiling."""
    program = python_program()
    section = f"trials at opcode boundaries, {program.name}"
    all_ = alternate(max(1, bench.rounds - 2),
                     ceiling=lambda: program.ceiling(100, 1500),
                     one=lambda: bench.sweep(program, 100, "-j1", "-b", "opcode", *CORE),
                     followed=lambda: bench.sweep(program, 100, "-j1", "-b", "opcode",
                                                  "--oracle", "end,lost"))
    one, followed = ([each.seconds_each for each in all_[key]] for key in ("one", "followed"))
    return [
        Row(section, "sigsweep run -j1 -b opcode", median([1 / each for each in one]), "/s",
            note=f"{all_['one'][0].injected:,} boundaries, from start to report"),
        Row(section, "ratio to the ceiling: fork, raise, run to the end",
            ratio(all_["ceiling"], one), least=0.6),
        Row(section, "the same, the signal followed (--oracle end,lost)",
            ratio(all_["ceiling"], followed)),
    ]


def hundred_opcodes(bench, name, python):
    """A function of about 100 opcodes with every oracle on."""
    section = "sweeping a 100-opcode function, every oracle"
    each = sweep(bench.sigsweep, ["-j1", *OPCODE_WINDOW], [python, "-S", OPCODES, "sweep", 9])
    return Row(section, f"CPython {name}, from start to report", each.seconds, "s",
               note=f"{each.injected} boundaries, {1000 * each.seconds_each:.1f} ms each")


def opcodes(bench):
    host = python_program()
    if not host:
        return [Row("opcode boundaries", "skipped: no python3 of the system", 0)]
    folder = Path(os.environ.get("SIGSWEEP_PYTHONS", bench.build / "pythons"))
    versions = sorted(folder.glob("3.*/python"), key=lambda path: [
        int(part) for part in path.parent.name.rstrip("d").split(".")] + [path.parent.name])
    others = [hundred_opcodes(bench, path.parent.name, path) for path in versions] or [
        Row("other versions", "skipped: none is unpacked (scripts/get-python VERSION)", 0)]
    return [*opcode_rate(bench, host.command[0]), *opcode_trials(bench),
            hundred_opcodes(bench, "of the system", host.command[0]), *others]


SECTIONS = {"c": c_program, "cpython": cpython, "steps": steps, "gdb": gdb, "strace": strace,
            "growth": growth, "oracles": oracles,
            "opcodes": opcodes}
