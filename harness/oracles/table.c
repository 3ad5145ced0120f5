/* SPDX-License-Identifier: MIT */
/* The oracles there are, in the order in which they judge. */
#include "harness/oracles/table.h"

#include <string.h>

const struct oracle *const oracle_table[] = {
	&oracle_end,
	&oracle_lock,
	&oracle_refcount,
	&oracle_invariant,
	&oracle_state,
	&oracle_exception,
	&oracle_leftovers,
	&oracle_unsafe_call,
	&oracle_shared_data,
	&oracle_python_call,
	&oracle_python_exception,
	&oracle_python_lock,
	&oracle_python_refcount,
	&oracle_python_check,
	&oracle_cleanup,
	&oracle_lost,
	&oracle_latency,
	NULL,
};

const struct oracle *oracle_find(const char *name)
{
	for (size_t i = 0; oracle_table[i]; i++)
		if (strcmp(oracle_table[i]->name, name) == 0)
			return oracle_table[i];
	return NULL;
}

const char *severity_text(enum severity severity)
{
	static const char *const names[] = {
		[SEVERITY_ERROR] = "error",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_NOTE] = "note",
	};

	return names[severity];
}
