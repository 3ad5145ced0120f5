# SPDX-License-Identifier: MIT
"""Where each bad target of targets/state is left broken: {(oracle, kind): {boundary}}.

As in rules.py, a rule says in terms of the compiler's instructions what the comment at the head of
the target says. A lock is held from the boundary after the instruction that takes its word to the
boundary before the one that gives it back.
"""
import disassembly
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


def held_announced(target):
    walk = target.walk()
    places = {name: [index for index in walk.indices() if walk.at(index).pc == walk.base + place]
              for name, place in target.probes}
    need(len(places["lock_acquired"]) == len(places["lock_released"]) == 1,
         "the lock is not announced once")
    return {("lock", "frame-gone"): after_to(places["lock_acquired"][0],
                                             places["lock_released"][0])}


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


def reference_kept(target):
    address = target.walk().address("references")
    return {("refcount", "differs"): where(target, address, lambda value: value != 1, size=8)}


SIGUSR1 = 10
RULES = {
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
    "jump-refcount": reference_kept,
    "jump-altstack": between_calls("state", "altstack", "sigaltstack", "sigaltstack"),
    "jump-disposition": between_calls("state", "disposition", "rt_sigaction", "rt_sigaction",
                                      SIGUSR1),
    "jump-mask": between_calls("state", "mask", "rt_sigprocmask", "rt_sigprocmask"),
    "jump-descriptor": between_calls("leftovers", "descriptor", "openat", "close"),
    "jump-file": between_calls("leftovers", "file", "openat", "unlink"),
    "jump-shm": between_calls("leftovers", "shm", "shmget", "shmctl"),
}


def told_by_lock(target, _):
    """The lock is held a little longer than it is announced."""
    return where(target, target.walk().address("lock"), bool)


# Targets that would litter this machine, were they not to look at their end.
UNTIDY = {"jump-file", "jump-shm"}
# Targets that tell something else than where a finding is due: where that is, None: anywhere.
TELLS_OTHERWISE = {
    "jump-announced": told_by_lock,
}



def derive(target):
    if target.manifest["verdict"] == "good":
        return {}
    if target.name not in RULES:
        raise RuleError("there is no rule for this bad target")
    return {finding: found for finding, found in RULES[target.name](target).items() if found}
