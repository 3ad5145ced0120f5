/* SPDX-License-Identifier: MIT */
/* The oracles' own looks at the program before a sweep: each takes a run of it from the window's
 * start to its end and learns what to watch. */
#ifndef SIGSWEEP_MODEL_SURVEY_H
#define SIGSWEEP_MODEL_SURVEY_H

#include "harness/base/fail.h"
#include "harness/model/stage.h"

/* Fills baseline->knowledge and baseline->ignorance. An oracle that learns nothing is no error. */
int survey_run(struct baseline *baseline, const struct scenario *scenario,
	       const struct resources *resources) MUST_CHECK;
void survey_free(struct baseline *baseline, const struct scenario *scenario);

#endif
