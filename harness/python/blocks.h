/* SPDX-License-Identifier: MIT */
/*
 * The cleanup of a code object: its finally blocks and with statements, which instructions each
 * protects, and which are the cleanup itself. Read from the bytecode; knows nothing of what runs.
 */
#ifndef SIGSWEEP_PYTHON_BLOCKS_H
#define SIGSWEEP_PYTHON_BLOCKS_H

#include "harness/python/python.h"

#define PYTHON_BLOCKS_MAX 64

enum python_block_kind {
	PYTHON_BLOCK_FINALLY,
	PYTHON_BLOCK_WITH, /* with, async with: the call of __exit__ or __aexit__ */
};

struct python_block {
	enum python_block_kind kind;
	int line;   /* of the with statement, or the first one of the finally's body */
	int target; /* offset of the handler, which runs it when an exception is on its way */
};

/* An instruction. Sets have bit n for blocks[n]. */
struct python_step {
	bool is_instruction; /* not the inline cache of one */
	bool has_effect;     /* calls, or stores where others see it */
	bool is_half; /* a call of two instructions, the first: alone it does all, or nothing */
	bool begins;  /* a call's first one, or, from 3.11 on, a generator's own first one */
	bool ends;    /* returns: the frame is gone, or suspended */
	int line;
	uint64_t enters; /* with statements whose __enter__ it calls: they protect what follows */
	uint64_t inside; /* would an exception here, if nothing else stops it, come by the block? */
	uint64_t cleanup; /* the block's cleanup, run when all went well */
	uint64_t handler; /* the same, run with an exception on its way */
	uint64_t starts;  /* where the latter begins */
};

struct python_blocks {
	struct python_block blocks[PYTHON_BLOCKS_MAX];
	size_t count;
	struct python_step *steps; /* by offset / 2 */
	size_t step_count;
};

/* Of a code object; python_blocks_free() frees. -E2BIG: more blocks than PYTHON_BLOCKS_MAX. */
int python_blocks_read(const struct python *python, pid_t pid, uint64_t code,
		       struct python_blocks *blocks) MUST_CHECK;
void python_blocks_free(struct python_blocks *blocks);

/* The step of the instruction at `offset`; NULL when there is none. */
const struct python_step *python_blocks_step(const struct python_blocks *blocks, int offset);

#endif
