/* SPDX-License-Identifier: MIT */
/*
 * How far a run is: one line that is rewritten on a terminal, now and then a plain line elsewhere.
 * Knows nothing of what is counted; has no clock of its own.
 */
#ifndef SIGSWEEP_REPORTS_PROGRESS_H
#define SIGSWEEP_REPORTS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress;

struct progress_state {
	uint64_t done;  /* trials */
	uint64_t total; /* 0: not known */
	uint64_t findings;
	double seconds; /* monotonic, from any start */
};

/* Progress goes to `out` (stderr, surely); `quiet`: none at all. Never NULL. */
struct progress *progress_new(FILE *out, bool quiet);

/* The same, but told instead of asked whether `out` is a terminal, and how wide. */
struct progress *progress_new_for(FILE *out, bool quiet, bool is_terminal, unsigned int width);

/* Call it as often as is convenient (thousands of times a second): it writes at most 5 times a
 * second on a terminal, else every 10 seconds, both by state->seconds. */
void progress_update(struct progress *progress, const struct progress_state *state);

/* Takes the line off the terminal, so that something else can be printed; the next update brings it
 * back. */
void progress_hide(struct progress *progress);

/* Hides and frees. NULL: nothing. */
void progress_free(struct progress *progress);

#endif
