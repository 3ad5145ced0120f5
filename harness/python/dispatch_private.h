/* SPDX-License-Identifier: MIT */
/* What dispatch.c and dispatch_table.c share. */
#ifndef SIGSWEEP_PYTHON_DISPATCH_PRIVATE_H
#define SIGSWEEP_PYTHON_DISPATCH_PRIVATE_H

#include "harness/kernel/maps.h"
#include "harness/python/dispatch.h"
#include "harness/python/private.h"

#define DISPATCH_SWITCHES 4

/* Where switches lead whose table is not opcode_targets; 0: nowhere. */
struct dispatch_switches {
	size_t count;
	uint64_t entries[DISPATCH_SWITCHES][PYTHON_OPCODES];
};

/* The targets of all opcodes; -ENOTSUP when the table was not found. */
int dispatch_find_table(const struct python *python, pid_t pid, struct walker_table *table,
			struct dispatch_switches *switches) MUST_CHECK;

/* Adds the switches whose tables lie in a mapping. */
void dispatch_find_switches(const struct python *python, pid_t pid,
			    const struct walker_table *targets, const struct mapping *mapping,
			    struct dispatch_switches *switches);

#endif
