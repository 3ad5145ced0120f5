/* SPDX-License-Identifier: MIT */
/*
 * A boundary before every machine instruction that the program executes. A string instruction with
 * a repeat prefix has one before each of its iterations, as the processor has.
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

static int next(struct injection *injection, struct boundary *boundary)
{
	struct state *state = injection->state;
	struct walker *walker = injection->walker;

	if (state->has_begun) {
		int error = window_is_outside(injection->window)
				    ? window_run_inside(injection->window, walker)
				    : walker_step(walker);

		if (error)
			return error;
	}
	state->has_begun = true;
	if (walker->end != WALKER_RUNS || window_is_end(injection->window, walker->pc))
		return 0;
	*boundary = (struct boundary){
		.tid = walker->pid, .pc = walker->pc, .phase = PHASE_AT, .syscall = -1};
	return 1;
}

static void finish(struct injection *injection)
{
	free(injection->state);
}

const struct injector injector_instruction = {
	.name = "instruction",
	.help = "before every machine instruction",
	.open = begin,
	.next = next,
	.close = finish,
};
