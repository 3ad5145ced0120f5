/* SPDX-License-Identifier: MIT */
/*
 * What a course did that others see, counted by line and by the cleanup that did it. This oracle's
 * own files only.
 */
#ifndef SIGSWEEP_ORACLES_CLEANUP_EFFECTS_H
#define SIGSWEEP_ORACLES_CLEANUP_EFFECTS_H

#include <stddef.h>
#include <stdint.h>

#define CONTEXT_LATER 6

/* Blocks of a code object. */
struct context_blocks {
	uint64_t blocks;
	int64_t code;
};

/* The cleanup under way: the innermost of what was owed when the exception came up (frame 0: none),
 * and within it what was entered later, outermost last; of more the innermost are left out. All
 * bytes count. */
struct context {
	uint64_t frame;
	struct context_blocks owed;
	struct context_blocks later[CONTEXT_LATER];
};

/* So many effects of one line. */
struct effect {
	struct context context;
	int code;
	int line;
	size_t count;
};

struct effects {
	struct effect *list;
	size_t count;
	size_t capacity;
};

/* Who owes an effect: a block of a frame. */
struct context_owner {
	uint64_t frame;
	int code;
	size_t block;
};

void effects_add(struct effects *effects, const struct context *context, int code, int line);

/*
 * How often the trial has done what a block of `owner` owes: in its own name, or in another's that
 * has done it more often than in the undisturbed run (an object that is closed twice, say, of which
 * the second time does nothing). The same block, entered anew, does what it owes itself.
 */
size_t effects_done(const struct effects *done, const struct effects *expected,
		    const struct context_owner *owner, const struct effect *wanted);

void effects_free(struct effects *effects);

#endif
