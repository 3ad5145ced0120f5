/* SPDX-License-Identifier: MIT */
/*
 * Where the interpreter is about to start a bytecode instruction: the targets of its dispatch
 * through the table opcode_targets, found at run time on builds without symbols. Knows nothing of
 * breakpoints: it gives addresses, and says at a stop there which instruction is about to start.
 */
#ifndef SIGSWEEP_PYTHON_DISPATCH_H
#define SIGSWEEP_PYTHON_DISPATCH_H

#include "harness/base/fail.h"
#include "harness/engine/walker.h"
#include "harness/kernel/registers.h"
#include "harness/python/layout.h"
#include "harness/python/python.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct dispatch;

/*
 * Finds the table in the interpreter's data: 256 addresses of its code, all those of opcodes that
 * exist different (but for a few), all others the same one (Python/opcode_targets.h). Pydebug
 * builds, whose compiler joins all dispatches into a single jump, have the same table, and so have
 * builds whose opcode bodies lie outside of what the symbol of the function covers (3.14 and
 * later). -ENOTSUP with a sentence where there is no such table, or more than one.
 *
 * `python` must live as long as the dispatch.
 */
int dispatch_open(const struct python *python, pid_t pid, struct dispatch **dispatch) MUST_CHECK;
void dispatch_free(struct dispatch *dispatch);

/* One that knows what the other has learned, for another process with the same code: stops of the
 * one are none of the other's. dispatch_free() frees. */
struct dispatch *dispatch_copy(const struct dispatch *dispatch);

/* The addresses to stop at, sorted: the first instruction of each opcode's body. */
const uint64_t *dispatch_points(const struct dispatch *dispatch, size_t *count);
bool dispatch_is_point(const struct dispatch *dispatch, uint64_t pc);

/* The table itself, for walker_hook_table(); NULL: not every dispatch goes through it. Up to 3.10
 * the interpreter's loop has a switch, too, whose own table leads to the same places,
 * or to places before them (Python/ceval.c). */
const struct walker_table *dispatch_table(const struct dispatch *dispatch);

/* Where the bodies of an opcode begin: of the one that the compiler emits under this name, and of
 * what the interpreter makes of it. Into `points` (room for PYTHON_OPCODES); their number. */
size_t dispatch_points_of(const struct dispatch *dispatch, const char *name, uint64_t *points);

/* The same as entries of the table (PYTHON_OPCODES of them), which are set; others stay. */
void dispatch_entries_of(const struct dispatch *dispatch, const char *name, bool *entries);

/* Does this range of code (a function, or a part of it as the unwind table has it) hold opcode
 * bodies? So is the part of the interpreter that has no symbol recognised. */
bool dispatch_covers(const struct dispatch *dispatch, uint64_t start, uint64_t size);

struct dispatch_instruction {
	uint64_t frame;
	uint64_t code;
	uint64_t address; /* of the instruction, in the code object's memory */
	int offset;       /* in bytes, as dis prints it */
	uint8_t opcode;   /* as it stands in memory */
	/*
	 * The instruction of the stop before once more: the interpreter has tried to specialise it,
	 * or has told a tracing function in C of its line, and starts it anew, having executed no
	 * other one (DISPATCH_SAME_OPARG). No new boundary.
	 */
	bool is_again;
};

/* Forgets the stop before, for a process that has run on without being stopped at every point. */
void dispatch_forget(struct dispatch *dispatch);

/*
 * The instruction that `thread` (a PyThreadState), stopped at a point with these registers, is
 * about to start. -ENOENT: none; the pc was reached on another way than by dispatch (an opcode's
 * body that goes on in another one's).
 *
 * Up to 3.10 the frame itself says it. From 3.11 on the address of the next instruction is in a
 * register or on the stack, wherever the compiler put it: the place is recognised by its contents,
 * an address in the running code object at which stands an opcode whose target is this pc, and what
 * was learned at earlier stops decides where several fit. The first stops of a process may
 * therefore be wrong where one opcode follows the same one; dispatch_is_sure() says whether one
 * place is left.
 */
int dispatch_instruction(struct dispatch *dispatch, pid_t pid, uint64_t thread,
			 const struct registers *registers,
			 struct dispatch_instruction *instruction) MUST_CHECK;
bool dispatch_is_sure(const struct dispatch *dispatch);

/* The same but for is_again, for a look at another process or one out of turn: this is no stop with
 * which the next one is compared. */
int dispatch_peek(struct dispatch *dispatch, pid_t pid, uint64_t thread,
		  const struct registers *registers,
		  struct dispatch_instruction *instruction) MUST_CHECK;

#endif
