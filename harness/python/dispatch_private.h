/* SPDX-License-Identifier: MIT */
/* What dispatch.c and dispatch_table.c share. */
#ifndef SIGSWEEP_PYTHON_DISPATCH_PRIVATE_H
#define SIGSWEEP_PYTHON_DISPATCH_PRIVATE_H

#include "harness/python/dispatch.h"
#include "harness/python/private.h"

/* The targets of all opcodes; -ENOTSUP when the table was not found. */
int dispatch_find_table(const struct python *python, pid_t pid,
			struct walker_table *table) MUST_CHECK;

#endif
