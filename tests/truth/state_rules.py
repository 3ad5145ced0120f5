# SPDX-License-Identifier: MIT
"""Where each bad target of targets/state is left broken: {(oracle, kind): {boundary}}.

What is left broken in a region that the target declares harmless has (oracle, kind, "benign").

As in rules.py, a rule says in terms of the compiler's instructions what the comment at the head of
the target says. A lock is held from the boundary after the instruction that takes its word to the
boundary before the one that gives it back.

One lock or counter has one finding in a trial, the one that says most: `stuck` before `frame-gone`
before `held`, `lost-update` before `negative` before `after-zero` before `differs`. What a crashed
trial still held or counted is no finding: it never came to the end.
"""
import disassembly
import injectors
import landing
from rules import RuleError, after_to, need

SYSCALLS = {"close": 3, "rt_sigaction": 13, "rt_sigprocmask": 14, "shmget": 29, "shmctl": 31,
            "unlink": 87, "sigaltstack": 131, "openat": 257}
IO_FILE_LOCK = 0x88  # offset of the pointer to a stream's lock in struct _IO_FILE, glibc's ABI


def where(target, address, is_broken, size=4):
    """The boundaries at which the word is so; it must change by instructions that store to it."""
    _, stores = target.walk().touches(address, size)
    walk = target.walk([address])
    mask = (1 << 8 * size) - 1
    found = {index for index in walk.indices() if is_broken(walk.at(index).peeks[0] & mask)}
    need(found and found != set(walk.indices()), "the word does not change in the window")
    changes = {index for index in walk.indices()
               if index > 1 and (index in found) != (index - 1 in found)}
    need(changes <= {store + 1 for store in stores}, "the word changes without a store")
    return found


def held(is_held, symbol="lock", offset=0):
    def rule(target):
        address = target.walk().address(symbol) + offset
        return {("lock", "frame-gone"): where(target, address, is_held)}
    return rule


def held_stream(target):
    """The lock's first word; the stream only points to it."""
    walk = target.walk()
    path, base = walk.module_named("libc.so")
    stream = base + disassembly.symbols(path, dynamic=True)["_IO_2_1_stderr_"]
    address = target.walk([stream + IO_FILE_LOCK]).at(1).peeks[0]
    return {("lock", "frame-gone"): where(target, address, bool)}


def announced(target, begin, end):
    """The boundaries from the one nop to the other."""
    walk = target.walk()
    places = {name: [index for index in walk.indices() if walk.at(index).pc == walk.base + place]
              for name, place in target.probes}
    need(len(places[begin]) == len(places[end]) == 1, "it is not announced once")
    return after_to(places[begin][0], places[end][0])


def held_announced(target):
    return {("lock", "frame-gone"): announced(target, "lock_acquired", "lock_released")}


def system_calls(walk, number, first=None):
    return [index for index in walk.indices()
            if walk.instruction(index).name == "syscall" and
            walk.at(index).registers["rax"] == number and
            first in (None, walk.at(index).registers["rdi"])]


def between_calls(oracle, kind, enter, leave, first=None):
    """After the system call that makes it to the one that undoes it."""
    def rule(target):
        walk = target.walk()
        makes = system_calls(walk, SYSCALLS[enter], first)
        undoes = system_calls(walk, SYSCALLS[leave], first)
        need(makes and undoes and makes[0] < undoes[-1], "it is not made and then undone")
        return {(oracle, kind): after_to(makes[0], undoes[-1])}
    return rule


def file_left(target):
    found = between_calls("leftovers", "file", "openat", "unlink")(target)
    found.update(between_calls("leftovers", "descriptor", "openat", "close")(target))
    return found


def unsettled(size=4):
    return lambda target: {("invariant", "violated"):
                           where(target, target.walk().address("unsettled"), bool, size)}


def half_transferred(target):
    """From the store of the one half to that of the other."""
    walk = target.walk()
    _, takes = walk.touches(walk.address("taken"), 8)
    _, gives = walk.touches(walk.address("given"), 2)
    need(len(takes) == len(gives) == 1, "there is not one transfer")
    return {("invariant", "violated"): after_to(takes[0], gives[0])}


def sums_differ(target):
    """What the handler adds to both is lost from one of them."""
    found = set()
    for symbol in ("parts", "total"):
        found |= between_load_and_store("invariant", symbol)(target)["invariant", "lost-update"]
    return {("invariant", "violated"): found}


def level_kept(target):
    """Nothing sets it any more after the program has."""
    walk = target.walk()
    _, stores = walk.touches(walk.address("level"), 2)
    need(len(stores) == 1, "the level is not set once")
    return {("invariant", "violated"): set(range(stores[0] + 1, len(walk) + 1))}


def harmless(target):
    """The boundaries in a region: behind the nop that begins it, up to before the one that ends it.

    Regions may lie in one another; some targets have begun some before the window.
    """
    walk = target.walk()
    steps = {walk.base + place: {"benign_begin": 1, "benign_end": -1}[name]
             for name, place in target.probes if name.startswith("benign_")}
    depth = BEGUN_BEFORE.get(target.name, 0)
    found = set()
    for index in walk.indices():
        if depth:
            found.add(index)
        depth = max(depth + steps.get(walk.at(index).pc, 0), 0)
    return found


def reference_kept(target):
    address = target.walk().address("references")
    return {("refcount", "differs"): where(target, address, lambda value: value != 1, size=8)}


OBJECT_COUNT = 8  # offset of the references in struct _GObject, behind the pointer to the class


def object_kept(target):
    """The program's pointer leads to the object, which is of GObject's own making."""
    walk = target.walk()
    place = target.walk([walk.address("object")]).at(1).peeks[0] + OBJECT_COUNT
    return {("refcount", "differs"): where(target, place, lambda value: value != 1)}


def has_reference(target):
    return where(target, target.walk().address("object"), bool, size=8)


def object_left(target):
    found = announced(target, "counter", "counter_end") & has_reference(target)
    return {("refcount", "differs"): found}


def counts_the_dead(target):
    """The object is no more when the window begins."""
    walk = target.walk()
    _, clears = walk.touches(walk.address("current"), 8)
    need(len(clears) == 1, "the pointer is not cleared once")
    return {("refcount", "after-zero"): set(range(1, clears[0] + 1))}


def held_at_end(target):
    found = held(bool)(target)
    return {("lock", "held"): found["lock", "frame-gone"]}


OWNER = 8  # offset of the owner in glibc's pthread_mutex_t, whose first word is the lock


def owner_and_word(target):
    """(boundaries with the word taken, those of them with the owner noted too)."""
    address = target.walk().address("lock")
    taken = where(target, address, bool)
    return taken, taken & where(target, address + OWNER, bool)


def waits_for_itself(target):
    taken = where(target, target.walk().address("lock"), bool)
    return {("end", "stuck"): taken, ("lock", "stuck"): taken}


def polls(target):
    return {("end", "spinning"): where(target, target.walk().address("busy"), bool)}


def gives_back_twice(target):
    """The unlocking looks at owner and word before it clears the owner."""
    taken, owned = owner_and_word(target)
    walk = target.walk()
    address = walk.address("lock")
    looks = [index for start in (address, address + OWNER) for index in walk.touches(start, 4)[0]]
    last_look = max(index for index in looks if index <= max(owned))
    refused = {index for index in owned if index <= last_look}
    return {("end", "stuck"): taken - owned, ("lock", "stuck"): taken - owned,
            ("end", "exit-status"): refused}


def let_in(target):
    taken, owned = owner_and_word(target)
    walk = target.walk()
    _, first = walk.touches(walk.address("giver"), 8)
    _, second = walk.touches(walk.address("taker"), 8)
    need(len(first) == len(second) == 1, "there is not one transfer")
    torn = after_to(first[0], second[0])
    need(torn <= owned, "the transfer is not under the lock")
    return {("end", "stuck"): taken - owned, ("lock", "stuck"): taken - owned,
            ("end", "crash"): torn}


def arena_held(target):
    """The word in libc's data that malloc() changes from 0 to 1 with a locked cmpxchg."""
    walk = target.walk()
    words = {start for index in walk.indices()
             if walk.instruction(index).name == "cmpxchg" and
             "lock" in walk.instruction(index).prefixes
             for start, width, _, stores in walk.accesses(index) if stores and width == 4}
    need(len(words) == 1, f"malloc() locks {len(words)} words, not one")
    taken = where(target, words.pop(), bool)
    return {("end", "stuck"): taken, ("lock", "stuck"): taken}


def inside(walk, entries):
    """The boundaries from the first instruction of one of these functions to its return."""
    found = set()
    for index in walk.indices():
        if walk.at(index).pc in entries and index not in found:
            stack = walk.at(index).registers["rsp"]
            after = index
            while after <= len(walk) and walk.at(after).registers["rsp"] <= stack:
                found.add(after)
                after += 1
    return found


def unsafe(*functions):
    def rule(target):
        walk = target.walk()
        path, base = walk.module_named("libc.so")
        names = disassembly.symbols(path, dynamic=True)
        found = inside(walk, {base + names[name] for name in functions})
        need(found, "the program calls none of them")
        return {("unsafe-call", "definite"): found,
                ("unsafe-call", "warning"): set(walk.indices()) - found}
    return rule


def jumps_out_of(*functions):
    def rule(target):
        found = unsafe(*functions)(target)
        return {("unsafe-call", "definite"): found["unsafe-call", "definite"]}
    return rule


def jumps_where_armed(*functions):
    def rule(target):
        found = unsafe(*functions)(target)["unsafe-call", "definite"]
        armed = where(target, target.walk().address("armed"), bool)
        need(found - armed, "it is always armed")
        return {("unsafe-call", "definite"): found & armed}
    return rule


def between_load_and_store(oracle, symbol):
    def rule(target):
        walk = target.walk()
        loads, stores = walk.touches(walk.address(symbol), 8)
        need(len(loads) == len(stores) == 1 and loads[0] < stores[0],
             "there is not one load and then one store")
        return {(oracle, "lost-update"): after_to(loads[0], stores[0])}
    return rule


def pointer_and_count(target):
    """(the pointer's load, its clearing, the program's subtraction), of one each."""
    walk = target.walk()
    loads, clears = walk.touches(walk.address("current"), 8)
    _, drops = walk.touches(walk.address("object"), 8)
    need(len(clears) == len(drops) == 1, "there is not one drop and one clearing")
    return loads, clears[0], drops[0]


def dropped_twice(target):
    loads, clear, _ = pointer_and_count(target)
    need(len(loads) == 1, "the pointer is not loaded once")
    return {("refcount", "negative"): after_to(loads[0], clear)}


def taken_after_zero(target):
    _, clear, drop = pointer_and_count(target)
    return {("refcount", "after-zero"): after_to(drop, clear)}


def torn(target, address, parts):
    """Between the stores, each the last of a part, that make the parts which the handler sees."""
    walk = target.walk()
    lasts = [walk.touches(address + offset, size)[1][-1:] for offset, size in parts]
    need(all(lasts), "a part of it is not set")
    lasts = sorted(last[0] for last in lasts)
    need(lasts[0] < lasts[-1], "one instruction sets all of it")
    where_torn = after_to(lasts[0], lasts[-1])
    return {("end", "exit-status"): where_torn, ("shared-data", "torn"): where_torn}


WORDS = [(0, 8), (8, 8), (16, 8)]  # type, value and traceback


def torn_exception(target):
    return torn(target, target.walk().address("current"), WORDS)


def torn_on_heap(target):
    """The pointer to it does not change in the window."""
    pointer = target.walk().address("current")
    walk = target.walk([pointer])
    return torn(target, walk.at(1).peeks[0], WORDS)


def torn_text(target):
    """The handler reads the first byte and the last."""
    return torn(target, target.walk().address("text"), [(0, 1), (255, 1)])


def second_addition(target):
    """The first one is over before the handler is told to add."""
    walk = target.walk()
    loads, stores = walk.touches(walk.address("total"), 8)
    _, told = walk.touches(walk.address("ready"), 4)
    need(len(loads) == len(stores) == 2 and len(told) == 1, "there are not two additions")
    need(loads[0] < stores[0] < told[0] < loads[1] < stores[1], "they are in another order")
    return {("shared-data", "lost-update"): after_to(loads[1], stores[1])}


def read_again(target):
    walk = target.walk()
    loads, stores = walk.touches(walk.address("quit"), 4)
    need(len(loads) == 3 and not stores, "the flag is not read three times")
    return {("shared-data", "plain"): after_to(loads[0], loads[-1])}


def errno_changed(target):
    """errno is thread-local: the word below fs that is stored after the system call failed."""
    walk = target.walk()
    calls = system_calls(walk, SYSCALLS["openat"])
    need(len(calls) == 1, "there is not one openat()")
    store = next(index for index in walk.indices() if index > calls[0] and
                 any("%fs:" in operand and stores for operand, (_, _, _, stores) in
                     zip(walk.instruction(index).operands[-1:], walk.accesses(index))))
    loads, _ = walk.touches(walk.accesses(store)[0][0], 4)
    loads = [index for index in loads if index > store]
    need(len(loads) == 1, "errno is not loaded once")
    return {("state", "errno"): set(walk.indices()),
            ("end", "exit-status"): after_to(store, loads[0])}


def armed(oracle, kind):
    """The handler does it where a flag is set."""
    return lambda target: {(oracle, kind): where(target, target.walk().address("armed"), bool)}


def terminates(target):
    """At every boundary: the window lies in a function that no exception may leave."""
    everywhere = set(target.walk().indices())
    return {("end", "crash"): everywhere, ("exception", "terminate"): everywhere}


def still_caught(target):
    """The first word of what __cxa_get_globals_fast() gives: the stack of caught exceptions."""
    walk = target.walk()
    path, base = walk.module_named("libstdc++")
    names = disassembly.symbols(path, dynamic=True)
    asked = inside(walk, {base + names["__cxa_get_globals_fast"]})
    need(asked, "nobody asks for the exceptions")
    after = max(asked) + 1
    return {("exception", "caught"): where(target, walk.at(after).registers["rax"], bool, size=8)}


def frames_of(target, walk, tables, index):
    """The program's frames at a boundary, innermost first: its pc, and of callers their calls."""
    work, main = (tables.function(target.symbols[name]) for name in ("_ZL4workPVl", "main"))
    places = {other: walk.at(other).pc - walk.base for other in walk.indices()}

    def within(function, other):
        return function[0] <= places[other] < function[1]

    def call_of(function):
        """It goes on after its call, of which the byte before is part."""
        return next(places[other] - 1 for other in range(index, len(walk) + 1)
                    if within(function, other))

    if within(main, index):
        return [places[index]]
    if within(work, index):
        return [places[index], call_of(main)]
    caller = next(function for other in range(index, 0, -1) for function in (work, main)
                  if within(function, other))
    return [call_of(work), call_of(main)] if caller == work else [call_of(main)]


def thrown_through(target):
    """No entry in a frame's table: terminate(). A landing pad in work() gives the mutex back."""
    walk = target.walk()
    tables = landing.Tables(target.program)
    held_there = where(target, walk.address("lock"), bool)
    terminated, kept = set(), set()
    for index in walk.indices():
        pads = [tables.landing(pc) for pc in frames_of(target, walk, tables, index)]
        if None in pads or not pads[-1]:
            terminated.add(index)
        elif index in held_there and not any(pads[:-1]):
            kept.add(index)
    return {("end", "crash"): terminated, ("exception", "terminate"): terminated,
            ("lock", "frame-gone"): kept}


SIGUSR1 = 10
BEGUN_BEFORE = {"jump-benign-before": 2}
RULES = {
    "held-by-main": held_at_end,
    "handler-polls": polls,
    "handler-lock-normal": waits_for_itself,
    "handler-lock-errorcheck": gives_back_twice,
    "handler-lock-recursive": let_in,
    "jump-arena": arena_held,
    "malloc-reentry": unsafe("malloc", "free"),
    "stdio-reentry": unsafe("fputs", "fwrite"),
    "unsafe-callback": unsafe("qsort"),
    "unsafe-jump": jumps_out_of("malloc", "free"),
    "unsafe-jump-stack": jumps_out_of("malloc", "free"),
    "unsafe-jump-armed": jumps_where_armed("malloc", "free"),
    "refcount-take": between_load_and_store("refcount", "references"),
    "refcount-drop": between_load_and_store("refcount", "references"),
    "shared-across": between_load_and_store("shared-data", "total"),
    "shared-pop": between_load_and_store("shared-data", "head"),
    "shared-late": second_addition,
    "shared-plain": read_again,
    "shared-lost": between_load_and_store("shared-data", "total"),
    "double-drop": dropped_twice,
    "after-zero": taken_after_zero,
    "exception-torn": torn_exception,
    "exception-read": torn_exception,
    "exception-bare": torn_exception,
    "exception-heap": torn_on_heap,
    "text-copied": torn_text,
    "errno-changed": errno_changed,
    "mask-left": armed("state", "mask"),
    "float-lost": armed("state", "float"),
    "throw-guard": thrown_through,
    "throw-noexcept": terminates,
    "throw-in-throw": terminates,
    "exception-left": still_caught,
    "uncaught-left": armed("exception", "uncaught"),
    "child-left": armed("leftovers", "child"),
    "jump-normal": held(bool),
    "jump-errorcheck": held(bool),
    "jump-recursive": held(bool),
    "jump-c11": held(bool),
    "jump-glib": held(bool),
    "jump-word": held(bool),
    "jump-spin": held(lambda value: value != 1),
    "jump-semaphore": held(lambda value: value == 0),
    # The first word of a rwlock: bit 0 the phase, bit 1 a writer, from bit 3 on the readers.
    "jump-rwlock-read": held(lambda value: value >> 3 != 0),
    "jump-rwlock-write": held(lambda value: value & 2 != 0),
    "jump-stdio": held_stream,
    "jump-announced": held_announced,
    "jump-invariant": unsettled(),
    "jump-pair": half_transferred,
    "jump-mended": unsettled(size=1),
    "invariant-lost": sums_differ,
    "invariant-announced": level_kept,
    "jump-benign": unsettled(),
    "jump-benign-part": unsettled(),
    "jump-benign-before": unsettled(),
    "jump-benign-open": between_calls("leftovers", "descriptor", "openat", "close"),
    "jump-refcount": reference_kept,
    "jump-gobject": object_kept,
    "jump-object": object_left,
    "late-gobject": counts_the_dead,
    "jump-altstack": between_calls("state", "altstack", "sigaltstack", "sigaltstack"),
    "jump-disposition": between_calls("state", "disposition", "rt_sigaction", "rt_sigaction",
                                      SIGUSR1),
    "jump-mask": between_calls("state", "mask", "rt_sigprocmask", "rt_sigprocmask"),
    "jump-descriptor": between_calls("leftovers", "descriptor", "openat", "close"),
    "jump-file": file_left,
    "jump-shm": between_calls("leftovers", "shm", "shmget", "shmctl"),
}


def told_by_lock(target, _):
    """The lock is held a little longer than it is announced."""
    return where(target, target.walk().address("lock"), bool)


# Targets that would litter this machine, were they not to look at their end.
UNTIDY = {"jump-file", "jump-shm"}
# Targets that have nothing to tell: how they end is all.
SILENT = {"handler-lock-normal", "handler-lock-errorcheck", "handler-lock-recursive",
          "handler-lock-try", "handler-polls", "jump-arena", "malloc-reentry", "stdio-reentry",
          "unsafe-callback", "unsafe-jump", "unsafe-jump-armed",
          "exception-torn", "exception-swapped",
          "exception-read", "exception-bare", "exception-heap", "exception-kept",
          "exception-blocked", "exception-part", "text-copied", "shared-plain", "shared-flag",
          "throw-noexcept", "throw-in-throw", "dies-when-unblocked"}
# Targets that tell something else than where a finding is due: where that is.
TELLS_OTHERWISE = {
    "jump-announced": told_by_lock,
    "jump-object": lambda target, _: has_reference(target),
}


def boundaries(walk, kind):
    """The instructions before which the boundaries of a kind lie, in order."""
    if kind == "instruction":
        return list(walk.indices())
    if kind == "call":
        return [index for index in walk.indices()
                if index == 1 or injectors.is_edge(walk.instruction(index - 1))]
    return [place for index in walk.indices() if walk.instruction(index).name == "syscall"
            for place in (index, index + 1)]


def kind_of(target):
    return target.manifest.get("boundary", "instruction")


def derive(target):
    """At the boundaries that the manifest asks for; system calls are taken not to block."""
    if target.manifest["verdict"] == "good" and "benign" not in target.manifest:
        return {}
    if target.name not in RULES:
        raise RuleError("there is no rule for this bad target")
    places = boundaries(target.walk(), kind_of(target))
    region = harmless(target)
    found = {}
    for finding, broken in RULES[target.name](target).items():
        for name, part in ((finding, broken - region), (finding + ("benign",), broken & region)):
            found[name] = {number for number, place in enumerate(places, 1) if place in part}
    return {finding: broken for finding, broken in found.items() if broken}
