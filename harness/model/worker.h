/* SPDX-License-Identifier: MIT */
/*
 * One job: a walker of its own, walked through the window once, with a trial at every boundary that
 * the selector gives it. Its results are lines of the record, given to a sink.
 */
#ifndef SIGSWEEP_MODEL_WORKER_H
#define SIGSWEEP_MODEL_WORKER_H

#include "harness/base/fail.h"
#include "harness/model/scenario.h"
#include "harness/model/selector.h"
#include "harness/model/sink.h"
#include "harness/model/stage.h"

#include <stdbool.h>
#include <stdint.h>

struct worker {
	const struct scenario *scenario;
	const struct baseline *baseline;
	struct selector selector;
	struct sink sink;
	struct resources resources;
	double deadline; /* CLOCK_MONOTONIC seconds at which the budget ends; 0: none */
	bool tell_all;   /* an `example` line for every trial, violated or not (replay) */

	/* Results. */
	uint64_t walked;
	uint64_t eligible;
	uint64_t injected;
	uint64_t path_hash;
	uint64_t steps;
};

/* Walks and tries. 0; -EINTR when it was told to stop (trace_interrupted); -errno with a sentence
 * when the harness or the machine failed. A `walk` line is written in any case that got as far. */
int worker_run(struct worker *worker) MUST_CHECK;

#endif
