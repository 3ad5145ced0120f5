/* SPDX-License-Identifier: MIT */
/* What blocks.c and blocks_find.c share. */
#ifndef SIGSWEEP_PYTHON_BLOCKS_PRIVATE_H
#define SIGSWEEP_PYTHON_BLOCKS_PRIVATE_H

#include "harness/python/blocks.h"
#include "harness/python/private.h"

#define BLOCKS_UNIT 2 /* bytes of a code unit */

/* A decoded instruction, by offset / 2. */
struct blocks_instruction {
	const char *name; /* of the opcode that the compiler emitted; NULL: an inline cache */
	int argument;
	int next;          /* offset of the one behind it */
	int target;        /* offset that it may jump to; -1: none */
	bool falls;        /* may go on with the one behind it */
	bool is_normal;    /* reached from the start without an exception */
	int16_t stack[20]; /* up to 3.10: handlers of the blocks around it, outermost first */
	int depth;
	bool has_stack;
};

/* A code object while it is looked at. */
struct blocks_code {
	unsigned int minor;
	struct blocks_instruction *list;
	size_t count;                    /* units */
	struct python_handler rows[512]; /* from 3.11 on */
	size_t row_count;
	struct python_blocks *out;
};

/* Instructions, their order and lines. */
int blocks_decode(const struct python *python, pid_t pid, uint64_t code,
		  struct blocks_code *reading) MUST_CHECK;

/* Calls `visit` for all instructions reached from `offset` on without an exception, until it
 * returns false for one, behind which it then does not go. */
void blocks_flow(const struct blocks_code *code, int offset,
		 bool (*visit)(void *context, int offset), void *context);

/* Finds the blocks in decoded instructions. */
int blocks_find(struct blocks_code *code) MUST_CHECK;

#endif
