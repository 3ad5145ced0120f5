/* SPDX-License-Identifier: MIT */
/*
 * References that nobody has: objects with more references than there are pointers to them in all
 * of the process's memory, which the baseline does not have. Told from memory alone, so also of
 * values that the garbage collector does not know, and of a trial that ends early.
 */
#ifndef SIGSWEEP_ORACLES_PYTHON_REFCOUNT_LOST_H
#define SIGSWEEP_ORACLES_PYTHON_REFCOUNT_LOST_H

#include "harness/model/interpreter.h"
#include "harness/python/heap.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define LOST_NAME 100
#define LOST_MAX 8

/* Objects of one type. */
struct python_lost {
	uint64_t type;
	char name[LOST_NAME];
	int64_t baseline; /* references too many */
	int64_t trial;
	struct heap_object object; /* one of them, */
	char value[LOST_NAME];     /* and, of a str, its text; "" */
};

struct python_losses {
	struct python_lost list[LOST_MAX];
	size_t count;
	size_t blocks; /* of CPython's allocator that are given out */
};

/* What the process, stopped with these registers, has lost that the baseline has not. */
int python_lost_find(struct python_losses *losses, const struct heap *baseline,
		     const struct interpreter *interpreter, pid_t pid,
		     const struct registers *registers) MUST_CHECK;

#endif
