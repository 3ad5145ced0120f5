/* SPDX-License-Identifier: MIT */
/*
 * A sweep as a whole: the baseline, the jobs (each a process with a walker of its own), and the
 * lines that they send. What becomes of the lines (record, report, progress) is the sink's
 * business.
 */
#ifndef SIGSWEEP_MODEL_CAMPAIGN_H
#define SIGSWEEP_MODEL_CAMPAIGN_H

#include "harness/base/fail.h"
#include "harness/model/scenario.h"
#include "harness/model/sink.h"

#include <stdbool.h>
#include <stdint.h>

struct campaign {
	struct scenario *scenario; /* its jobs become 1 where walkers would meet in files */
	struct sink sink;
	uint64_t only;    /* this boundary alone, with an example whatever comes of it; 0: all */
	bool count_first; /* walk once without trials, so that the time left can be told */
	/* From time to time; `total` is how many trials there will be, 0 where it is not known. */
	void (*tick)(void *context, uint64_t total);
	void *tick_context;

	bool was_interrupted; /* SIGINT or SIGTERM; what was found is in the sink */
};

/* Runs it to its end. 0, or -errno with a sentence; lines given to the sink until then stand. */
int campaign_run(struct campaign *campaign) MUST_CHECK;

#endif
