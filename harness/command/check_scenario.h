/* SPDX-License-Identifier: MIT */
/* From a manifest to a scenario. */
#ifndef SIGSWEEP_COMMAND_CHECK_SCENARIO_H
#define SIGSWEEP_COMMAND_CHECK_SCENARIO_H

#include "harness/base/fail.h"
#include "harness/model/manifest.h"
#include "harness/model/scenario.h"

#include <stdbool.h>
#include <stddef.h>

/* Is everything there that the manifest needs? Else `why` says what is missing. */
bool check_needs(const struct manifest *manifest, const char *build, bool run_long, char *why,
		 size_t size);

/* Fills an initialised scenario; -EINVAL names FILE:LINE. `build`: the build folder, `python`: what
 * `program: python` is. */
int check_scenario(const struct manifest *manifest, const char *build, const char *python,
		   struct scenario *scenario) MUST_CHECK;

#endif
