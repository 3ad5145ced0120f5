/* SPDX-License-Identifier: MIT */
/* The options of `run` that describe the scenario. */
#ifndef SIGSWEEP_COMMAND_SCENARIO_OPTIONS_H
#define SIGSWEEP_COMMAND_SCENARIO_OPTIONS_H

#include "harness/base/fail.h"
#include "harness/base/options.h"
#include "harness/model/scenario.h"

#include <stdbool.h>

struct run_settings {
	struct scenario scenario;
	char *output;
	char *record;
	bool quiet;
	unsigned int verbosity;
	bool allow_incomplete;
};

extern const struct option_row run_options[];

/* Where no --stdin was given: the harness's own standard input, a file by its name, a pipe by its
 * contents, a terminal as nothing. */
int scenario_take_stdin(struct scenario *scenario) MUST_CHECK;

#endif
