/* SPDX-License-Identifier: MIT */
/* The table of snapshot strategies. */
#include "harness/engine/snapshot.h"

#include <stddef.h>
#include <string.h>

const struct snapshot_strategy *const snapshot_strategies[] = {&snapshot_fork, NULL};

const struct snapshot_strategy *snapshot_find(const char *name)
{
	for (size_t i = 0; snapshot_strategies[i]; i++)
		if (strcmp(snapshot_strategies[i]->name, name) == 0)
			return snapshot_strategies[i];
	return NULL;
}
