# SPDX-License-Identifier: MIT
"""Where each bad target must fail: derived from its disassembly and one undisturbed walk.

A rule says what the comment at the head of the target says, in terms of the instructions that the
compiler made of it. It gives the set of the boundaries; no rule looks at what a signal does there.
"""
import signal

import disassembly

WORD = 8
RT_SIGACTION = 13  # number of the system call on x86-64


class RuleError(Exception):
    """The target was built to something that the rule does not understand."""


def need(condition, text):
    if not condition:
        raise RuleError(text)


def after_to(first, last):
    """The boundaries after the instruction at `first` up to the one before that at `last`."""
    return set(range(first + 1, last + 1))


def last_before(indices, limit):
    return max((index for index in indices if index < limit), default=None)


def next_after(indices, limit):
    return min((index for index in indices if index > limit), default=None)


def lost_wakeup(target):
    """After the flag's last load up to the system call in which the walk falls asleep."""
    walk = target.walk()
    loads, _ = walk.touches(walk.address("woken"), 4)
    need(loads, "the flag is never loaded")
    need(walk.sleeps and walk.instruction(len(walk)).name == "syscall",
         "the walk does not end asleep in a system call")
    return after_to(loads[-1], len(walk))


def result_lost(target):
    """From the clearing of the flag to its load, in the rounds whose read gives bytes."""
    walk = target.walk()
    loads, stores = walk.touches(walk.address("interrupted"), 4)
    found = set()
    for store in stores:
        load = next_after(loads, store)
        need(load, "the flag is cleared and never loaded again")
        calls = [index for index in range(store, load) if walk.instruction(index).name == "syscall"]
        need(len(calls) == 1, "there is not one system call between the flag's store and load")
        if walk.at(calls[0] + 1).registers["rax"] > 0:
            found |= after_to(store, load)
    return found


def torn_update(target):
    """From the first word's store to the second's."""
    walk = target.walk()
    _, first = walk.touches(walk.address("giver"), WORD)
    _, second = walk.touches(walk.address("taker"), WORD)
    need(len(first) == len(second) == 3, "there are not three transfers")
    found = set()
    for store in first:
        found |= after_to(store, next_after(second, store))
    return found


def handler_end(walk):
    """The last boundary at which the handler is installed."""
    for index in walk.indices():
        registers = walk.at(index).registers
        if walk.instruction(index).name == "syscall" and registers["rax"] == RT_SIGACTION and \
           registers["rdi"] == signal.SIGINT:
            return index
    return len(walk)


def lock_held(target):
    """Where the lock's word (of a mutex: its first) is not zero and the handler is there."""
    walk = target.walk()
    address = walk.address("lock")
    _, stores = walk.touches(address, 4)
    walk = target.walk([address])
    held = {index for index in walk.indices() if walk.at(index).peeks[0] & 0xffffffff}
    need(held, "the lock is never held")
    # The disassembly agrees: what takes and releases the lock stands before a change.
    changes = {index for index in held if index - 1 not in held} | \
              {index + 1 for index in held if index + 1 not in held}
    need(changes <= {store + 1 for store in stores}, "the lock's word changes without a store")
    return {index for index in held if index <= handler_end(walk)}


def loads_value(walk, index, value):
    """Does the instruction there load `value` from memory into a register?"""
    instruction = walk.instruction(index)
    name = instruction.operands[-1].lstrip("%") if instruction.operands else ""
    return instruction.name == "mov" and index < len(walk) and \
        walk.at(index + 1).registers.get(name) == value


def malloc_in_handler(target):
    """From the load of the cache's first free block to the store of its successor."""
    walk = target.walk([target.walk().address("mine")])
    block = walk.at(len(walk)).peeks[0]
    taken = min(index for index in walk.indices() if walk.at(index).peeks[0])
    need(block, "the program got no block")
    heads = {start for index in range(1, taken) if loads_value(walk, index, block)
             for start, *_ in walk.accesses(index)}
    found = set()
    for head in heads:
        loads, stores = walk.touches(head, WORD)
        store = next((index for index in stores if index < taken), None)
        if store and last_before(loads, store):
            found |= after_to(last_before(loads, store), store)
    need(found, "the block is in no list from which malloc() takes it")
    return found


def stdio_in_handler(target):
    """From the load of the write pointer to its store, where the buffer held something to write.

    struct _IO_FILE begins with flags and read pointer, end and base; write base and write pointer
    are its words 4 and 5, part of glibc's ABI since it inlined putc().
    """
    walk = target.walk()
    path, base = walk.module_named("libc.so")
    stream = base + disassembly.symbols(path, dynamic=True)["_IO_2_1_stdout_"]
    walk = target.walk([stream + 4 * WORD, stream + 5 * WORD])
    loads, stores = walk.touches(stream + 5 * WORD, WORD)
    found = set()
    for store in stores:
        load = last_before(loads, store)
        if not load:
            continue
        write_base, write_pointer = walk.at(load + 1).peeks
        if write_pointer > write_base:
            found |= after_to(load, store)
    return found


RULES = {
    "lost-wakeup": lost_wakeup,
    "result-lost": result_lost,
    "torn-update": torn_update,
    "exit-in-handler": lock_held,
    "spin-in-handler": lock_held,
    "malloc-in-handler": malloc_in_handler,
    "stdio-in-handler": stdio_in_handler,
}


def derive(target):
    """The boundaries at which the target must fail: none for a good one."""
    if target.manifest["verdict"] == "good":
        return set()
    need(target.name in RULES, "there is no rule for this bad target")
    return RULES[target.name](target)
