/* SPDX-License-Identifier: MIT */
/* See watch.h. */
#include "harness/model/watch.h"

#include <errno.h>

int trial_watch(const struct trial *trial, enum trace_watch kind, uint64_t address, size_t size,
		unsigned int *slot)
{
	unsigned int free = 0;
	int error;

	while (free < TRACE_WATCHES && (trial->stage->watches.taken & 1U << free))
		free++;
	if (free == TRACE_WATCHES)
		return -EBUSY;
	error = trace_set_watch(trial->pid, free, kind, address, size);
	if (error)
		return error;
	trial->stage->watches.taken |= 1U << free;
	trial->stage->watches.owner[free] = trial->stage->watches.told;
	*slot = free;
	return 0;
}

void trial_unwatch(const struct trial *trial, unsigned int slot)
{
	/* The process may be gone by now, and its watches with it. */
	(void)!trace_clear_watch(trial->pid, slot);
	trial->stage->watches.taken &= ~(1U << slot);
}
