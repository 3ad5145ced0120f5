/* SPDX-License-Identifier: MIT */
/* What blocks.c, blocks_around.c and blocks_find.c share. */
#ifndef SIGSWEEP_PYTHON_BLOCKS_PRIVATE_H
#define SIGSWEEP_PYTHON_BLOCKS_PRIVATE_H

#include "harness/python/blocks.h"
#include "harness/python/private.h"

#define BLOCKS_UNIT 2 /* bytes of a code unit */

/* A decoded instruction, by offset / 2. */
struct blocks_instruction {
	const char *name; /* of the opcode that the compiler emitted; NULL: an inline cache */
	int argument;
	int next;       /* offset of the one behind it */
	int target;     /* offset that it may jump to; -1: none */
	bool falls;     /* may go on with the one behind it */
	bool is_clause; /* the handler that begins here is one of except clauses */
	bool is_reached;
	int around; /* what is around it: an index of blocks_code.around */
};

/*
 * What is around an instruction when it is executed: a handler that has been entered for an
 * exception, until that is over, or up to 3.10 a block that protects it.
 */
struct blocks_around {
	int outer;      /* what is around this: an index of blocks_code.around; 0: nothing */
	int target;     /* offset of the handler */
	int depth;      /* from 3.11 on: of the value stack, below what the handler is given */
	bool is_setup;  /* protects: the handler has not been entered */
	bool is_noted;  /* the exception is the one being handled: POP_EXCEPT ends that */
	bool is_caught; /* by an except clause, whose body is code like any other */
	int on_the_way; /* exceptions of all these that nobody has caught */
};

/* A code object while it is looked at. */
struct blocks_code {
	unsigned int minor;
	struct blocks_instruction *list;
	size_t count;                    /* units */
	struct python_handler rows[512]; /* from 3.11 on */
	size_t row_count;
	struct blocks_around *around; /* the first one: nothing is around */
	size_t around_count;
	size_t around_capacity;
	struct python_blocks *out;
};

/* Instructions, their order and lines. */
int blocks_decode(const struct python *python, pid_t pid, uint64_t code,
		  struct blocks_code *reading) MUST_CHECK;

/* The instruction at an offset. */
struct blocks_instruction *blocks_at(const struct blocks_code *code, int offset);
bool blocks_is_named(const struct blocks_code *code, int offset, const char *name);

/* The instruction before the one at `offset`; -1: it is the first. */
int blocks_previous(const struct blocks_code *code, int offset);

/* From 3.11 on: the handler of an exception at `offset`; NULL: none. */
const struct python_handler *blocks_handler_of(const struct blocks_code *code, int offset);

/* Finds for all instructions whether they are reached and what is around them. -E2BIG: there is too
 * much of that for code which a compiler has made. */
int blocks_find_around(struct blocks_code *code) MUST_CHECK;

/* The handler of the innermost exception on its way that nobody has caught, where the instruction
 * at `offset` is executed, or outside the handler that begins there; -1: none, all is well. */
int blocks_on_the_way(const struct blocks_code *code, int offset);
int blocks_on_the_way_outside(const struct blocks_code *code, int target);

/* Has the handler at `target` been entered, and not left, where `offset` is executed? */
bool blocks_is_in_handler(const struct blocks_code *code, int offset, int target);

/* Finds the blocks in decoded instructions. */
int blocks_find(struct blocks_code *code) MUST_CHECK;

#endif
