/* SPDX-License-Identifier: MIT */
/* The part of a run that is swept: where it starts, where it ends, which modules count. */
#ifndef SIGSWEEP_MODEL_WINDOW_H
#define SIGSWEEP_MODEL_WINDOW_H

#include "harness/base/fail.h"
#include "harness/engine/walker.h"
#include "harness/model/location.h"

#include <stdbool.h>
#include <stdint.h>

struct window {
	const struct location *from;
	const struct location *to;
	const char *in; /* module glob, NULL: all */
	int signal;     /* for `handler` */
	uint64_t *ends; /* addresses that end it */
	size_t end_count;
};

/* A window with nothing resolved yet; what it points to must outlive it. */
struct window window_of(const struct location *from, const struct location *to, const char *in,
			int signal);

/*
 * Runs a walker that was just started to the window's start. -ENOENT with a sentence when the start
 * was never reached (the walker then has ended) or the place is not known.
 */
int window_enter(struct window *window, struct walker *walker) MUST_CHECK;
void window_free(struct window *window);

/* Does the window end before the instruction where the walker stands? */
bool window_is_end(const struct window *window, uint64_t pc);

/* Is the present pc of the walker one that `in` lets through? */
bool window_is_eligible(const struct window *window, struct walker *walker);

#endif
