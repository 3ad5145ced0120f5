/* SPDX-License-Identifier: MIT */
/* See tell.h. */
#include "harness/model/tell.h"

#include "harness/kernel/ptrace.h"
#include "harness/model/interpreter.h"
#include "harness/model/watch.h"

#define NOBODY SIZE_MAX /* a watch that is no oracle's */

static bool listens(const struct trial *trial, size_t oracle, enum oracle_moment moment)
{
	const struct oracle *row = trial->stage->scenario->oracles[oracle];

	if (!row->on_stop || !stage_has_oracle(trial->stage, oracle))
		return false;
	if (moment == MOMENT_BEGUN && !(row->needs & ORACLE_NEEDS_WATCH))
		return false;
	if (moment == MOMENT_FINALIZE && !(row->needs & ORACLE_NEEDS_FINALIZE))
		return false;
	return !trial->is_control || (row->needs & ORACLE_NEEDS_CONTROL);
}

static void tell(struct trial *trial, size_t oracle, enum oracle_moment moment)
{
	trial->stage->watches.told = oracle;
	(void)!trial->stage->scenario->oracles[oracle]->on_stop(trial->oracle_states[oracle], trial,
								moment);
}

/* What became of the signal is followed first: oracles judge by it. */
static void tell_went(struct trial *trial, enum oracle_moment moment)
{
	if (moment == MOMENT_BEGUN)
		went_begin(trial);
	else if (moment == MOMENT_ENTERED)
		went_delivered(trial);
	else if (moment == MOMENT_EXIT || moment == MOMENT_STOPPED)
		went_at_end(trial);
	else if (moment == MOMENT_ENDED)
		went_end(trial);
}

void tell_oracles(struct trial *trial, enum oracle_moment moment)
{
	tell_went(trial, moment);
	for (size_t i = 0; trial->oracle_states && trial->stage->scenario->oracles[i]; i++)
		if (listens(trial, i, moment))
			tell(trial, i, moment);
}

void tell_at_finalize(struct trial *trial)
{
	struct watches *watches = &trial->stage->watches;
	const struct python_image *image;
	bool is_wanted = false;

	for (size_t i = 0; trial->oracle_states && trial->stage->scenario->oracles[i]; i++)
		is_wanted |= listens(trial, i, MOMENT_FINALIZE);
	if (!is_wanted || !trial->stage->interpreter)
		return;
	image = python_image(interpreter_python(trial->stage->interpreter));
	watches->told = NOBODY;
	watches->has_finalize =
		image->finalize &&
		trial_watch(trial, WATCH_EXECUTE, image->finalize, 1, &watches->finalize) == 0;
}

/* Once: an interpreter that is finalised in an embedding program may be started anew. */
static void tell_finalize(struct trial *trial, unsigned int hits)
{
	struct watches *watches = &trial->stage->watches;

	if (!watches->has_finalize || !(hits & 1U << watches->finalize))
		return;
	watches->has_finalize = false;
	trial_unwatch(trial, watches->finalize);
	tell_oracles(trial, MOMENT_FINALIZE);
}

/* Those of the slots hit whose owner this is. */
static unsigned int hits_of(const struct trial *trial, unsigned int hits, size_t owner)
{
	unsigned int own = 0;

	for (unsigned int slot = 0; slot < TRACE_WATCHES; slot++)
		if ((hits & 1U << slot) && trial->stage->watches.owner[slot] == owner)
			own |= 1U << slot;
	return own;
}

/* A stop by nobody's watch: one that was taken away before, or one that the CPU does not name. */
static bool is_stray(struct trial *trial, unsigned int hits)
{
	if (!hits && !trace_is_stray_watch(trial->pid))
		return false;
	for (unsigned int slot = 0; slot < TRACE_WATCHES; slot++)
		if (hits & 1U << slot)
			(void)!trace_clear_watch(trial->pid, slot);
	if (!hits) {
		trial->has_missed = true;
		went_miss(trial);
	}
	return true;
}

int tell_watches(struct trial *trial, bool *was_watch)
{
	unsigned int hits = 0;
	unsigned int stray;
	int error = 0;

	*was_watch = false;
	if (!trial->stage->watches.taken && !trace_has_watches())
		return 0;
	error = trace_take_watch_hits(trial->pid, &hits);
	stray = hits & ~trial->stage->watches.taken;
	hits &= trial->stage->watches.taken;
	*was_watch = !error && (hits || is_stray(trial, stray));
	if (error || !hits)
		return error;
	if (hits_of(trial, hits, WATCH_OF_WENT))
		went_hit(trial, hits_of(trial, hits, WATCH_OF_WENT));
	error = trace_get_registers(trial->pid, &trial->watch_registers);
	if (!error)
		tell_finalize(trial, hits);
	for (size_t i = 0; !error && trial->stage->scenario->oracles[i]; i++) {
		trial->watched = hits_of(trial, hits, i);
		if (trial->watched)
			tell(trial, i, MOMENT_WATCHED);
	}
	return error;
}
