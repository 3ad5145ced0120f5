/* SPDX-License-Identifier: MIT */
/* Which of the eligible boundaries a job tries. */
#ifndef SIGSWEEP_MODEL_SELECTOR_H
#define SIGSWEEP_MODEL_SELECTOR_H

#include <stdbool.h>
#include <stdint.h>

struct selector {
	uint64_t only;    /* this one alone; 0: no such limit */
	uint64_t stride;  /* every stride-th, from the first on; 1: all */
	unsigned int job; /* of these it takes each jobs-th, beginning with its number */
	unsigned int jobs;
	bool none; /* a walk that only counts */
};

/* Does this job try the boundary with this index (from 1)? */
bool selector_wants(const struct selector *selector, uint64_t index);

/* Is there none left after this index? */
bool selector_is_past(const struct selector *selector, uint64_t index);

#endif
