/* SPDX-License-Identifier: MIT */
/*
 * Controls: copies to which no signal is delivered. One is made whenever the walker has executed a
 * system call since the last, since what a copy cannot share (children, timers, locks of files)
 * comes and goes with system calls. A control that does not end as the baseline means that copies
 * made here show nothing: the boundaries up to the next one are skipped, with the reason.
 */
#ifndef SIGSWEEP_MODEL_CONTROL_H
#define SIGSWEEP_MODEL_CONTROL_H

#include "harness/base/fail.h"
#include "harness/model/trial.h"

#include <stdbool.h>

struct control {
	uint64_t made_at; /* stage.saved_at when it was made; 0: never */
	bool is_sound;
	char reason[200]; /* why not */
};

int control_run(struct control *control, struct stage *stage, const struct boundary *boundary,
		void **oracle_states) MUST_CHECK;

/* Would the system call before which the walker stands block? */
int control_would_block(struct stage *stage, bool *blocks) MUST_CHECK;

#endif
