/* SPDX-License-Identifier: MIT */
/*
 * How a trial's process comes to be at a boundary. A strategy is one struct; `fork` copies the
 * walker there and then. (A later one runs the program anew up to the same boundary.)
 */
#ifndef SIGSWEEP_ENGINE_SNAPSHOT_H
#define SIGSWEEP_ENGINE_SNAPSHOT_H

#include "harness/base/fail.h"
#include "harness/engine/walker.h"

#include <sys/types.h>

struct snapshot_strategy {
	const char *name;
	const char *help;
	/* Can the walker be copied where it stands? 0, or -errno with a sentence on why not. */
	int (*probe)(struct walker *walker);
	/* Makes a copy, stopped exactly where the walker stands, with the same registers, traced
	 * with launch_options; the walker is as before. The copy is of the family (FAMILY_TRIAL).
	 */
	int (*take)(struct walker *walker, pid_t *copy);
};

extern const struct snapshot_strategy snapshot_fork;
extern const struct snapshot_strategy *const snapshot_strategies[]; /* NULL-terminated */

const struct snapshot_strategy *snapshot_find(const char *name);

#endif
