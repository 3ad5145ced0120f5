/* SPDX-License-Identifier: MIT */
/*
 * A boundary at each function's entry (behind a call instruction that was executed) and at each
 * return (in the caller, behind the call). Tail calls are jumps and count as none.
 */
#include "injectors/table.h"

#include "harness/base/alloc.h"

#include <stdlib.h>

struct state {
	bool has_begun;
};

static int begin(struct injection *injection)
{
	injection->state = alloc_zero(sizeof(struct state));
	return 0;
}

/* Steps over one instruction; 1 when it was a call or a return. */
static int step_edge(struct walker *walker)
{
	const uint32_t flags = walker_code(walker)->instruction.flags;
	int error = walker_step(walker);

	return error ? error : (flags & (INSTRUCTION_CALL | INSTRUCTION_RETURN)) != 0;
}

static int next(struct injection *injection, struct boundary *boundary)
{
	struct state *state = injection->state;
	struct walker *walker = injection->walker;
	int at_edge = !state->has_begun; /* the window's start is the first */

	do {
		if (state->has_begun)
			at_edge = step_edge(walker);
		if (at_edge < 0)
			return at_edge;
		state->has_begun = true;
		if (walker->end != WALKER_RUNS || window_is_end(injection->window, walker->pc))
			return 0;
	} while (!at_edge);
	*boundary = (struct boundary){
		.tid = walker->pid, .pc = walker->pc, .phase = PHASE_AT, .syscall = -1};
	return 1;
}

static void finish(struct injection *injection)
{
	free(injection->state);
}

const struct injector injector_call = {
	.name = "call",
	.help = "at every function's entry and behind every return from one",
	.open = begin,
	.next = next,
	.close = finish,
};
