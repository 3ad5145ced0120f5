/* SPDX-License-Identifier: MIT */
/* See tell.h. */
#include "harness/model/tell.h"

#include "harness/kernel/ptrace.h"

static bool listens(const struct trial *trial, size_t oracle, enum oracle_moment moment)
{
	const struct oracle *row = trial->stage->scenario->oracles[oracle];

	if (!row->on_stop || trial->stage->baseline->ignorance[oracle])
		return false;
	if (moment == MOMENT_BEGUN && !(row->needs & ORACLE_NEEDS_WATCH))
		return false;
	return !trial->is_control || (row->needs & ORACLE_NEEDS_CONTROL);
}

static void tell(struct trial *trial, size_t oracle, enum oracle_moment moment)
{
	trial->stage->watches.told = oracle;
	(void)!trial->stage->scenario->oracles[oracle]->on_stop(trial->oracle_states[oracle], trial,
								moment);
}

void tell_oracles(struct trial *trial, enum oracle_moment moment)
{
	for (size_t i = 0; trial->oracle_states && trial->stage->scenario->oracles[i]; i++)
		if (listens(trial, i, moment))
			tell(trial, i, moment);
}

int tell_watches(struct trial *trial, bool *was_watch)
{
	unsigned int hits = 0;
	int error = 0;

	*was_watch = false;
	if (!trial->stage->watches.taken)
		return 0;
	error = trace_take_watch_hits(trial->pid, &hits);
	hits &= trial->stage->watches.taken;
	if (error || !hits)
		return error;
	*was_watch = true;
	error = trace_get_registers(trial->pid, &trial->watch_registers);
	for (size_t i = 0; !error && trial->stage->scenario->oracles[i]; i++) {
		trial->watched = 0;
		for (unsigned int slot = 0; slot < TRACE_WATCHES; slot++)
			if ((hits & 1U << slot) && trial->stage->watches.owner[slot] == i)
				trial->watched |= 1U << slot;
		if (trial->watched)
			tell(trial, i, MOMENT_WATCHED);
	}
	return error;
}
