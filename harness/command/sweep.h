/* SPDX-License-Identifier: MIT */
/* One sweep from scenario to report: what `run` and `check` share. */
#ifndef SIGSWEEP_COMMAND_SWEEP_H
#define SIGSWEEP_COMMAND_SWEEP_H

#include "harness/base/fail.h"
#include "harness/model/scenario.h"

#include <jansson.h>
#include <stdbool.h>

struct sweep {
	struct scenario *scenario;
	const char *record; /* NULL: none is kept */
	const char *output; /* for the replay commands; NULL: unknown */
	bool quiet;         /* no progress */
	bool was_interrupted;
	json_t *report; /* made also after a failure, as far as the record goes; NULL: nothing to
			   tell */
};

/* 0; or -errno with a sentence (there may be a report of what was done until then). The caller
 * drops the report. */
int sweep_run(struct sweep *sweep) MUST_CHECK;

#endif
