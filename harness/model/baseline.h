/* SPDX-License-Identifier: MIT */
/* Trial 0: the run without the signal. It must pass, or nothing is said about the rest. */
#ifndef SIGSWEEP_MODEL_BASELINE_H
#define SIGSWEEP_MODEL_BASELINE_H

#include "harness/base/fail.h"
#include "harness/model/stage.h"

/* Runs the program twice at full speed and fills `baseline` (baseline_free() frees). -errno with a
 * sentence when it does not pass. */
int baseline_run(struct baseline *baseline, const struct scenario *scenario,
		 const struct resources *resources) MUST_CHECK;
void baseline_free(struct baseline *baseline);

/* The `baseline` line of the record. */
json_t *baseline_json(const struct baseline *baseline);

#endif
