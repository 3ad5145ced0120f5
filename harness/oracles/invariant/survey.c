/* SPDX-License-Identifier: MIT */
/* The invariant oracle's own run: which invariants the program breaks without any signal. */
#include "harness/base/alloc.h"
#include "harness/model/window.h"
#include "harness/oracles/invariant/invariant.h"

#include <stdlib.h>
#include <string.h>

static void copy_ends(struct invariant_knowledge *known, const struct window *window)
{
	if (!window->end_count || window->ends_in_python)
		return;
	known->ends = alloc_resize(NULL, window->end_count, sizeof(*known->ends));
	memcpy(known->ends, window->ends, window->end_count * sizeof(*known->ends));
	known->end_count = window->end_count;
}

int invariant_survey(struct stage *stage, void **knowledge)
{
	struct invariant_knowledge *known;
	struct walker *walker = &stage->walker;
	int error;

	if (!stage->announced.has_invariants)
		return 0;
	known = alloc_zero(sizeof(*known));
	*knowledge = known;
	copy_ends(known, stage->window);
	known->run.in_force = &stage->announced;
	known->run.ends = known->ends;
	known->run.end_count = known->end_count;
	walker->execed = false;
	error = invariant_run_on(&known->run, walker);
	if (!error && known->run.follow.is_blocked && walker->end == WALKER_STUCK &&
	    stage->baseline->awaits_signal) {
		error = follow_wake(&known->run.follow, stage->scenario->signal);
		if (!error)
			error = invariant_run_on(&known->run, walker);
	}
	known->run.in_force = NULL;
	return error;
}

void invariant_forget(void *knowledge)
{
	struct invariant_knowledge *known = knowledge;

	if (!known)
		return;
	invariant_run_free(&known->run);
	free(known->ends);
	free(known);
}
