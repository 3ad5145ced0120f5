/* SPDX-License-Identifier: MIT */
/*
 * The objects that CPython's own allocator (obmalloc: pools of blocks of one size, up to 512 bytes)
 * has given out, and how many pointers to each of them there are in all of the process's writable
 * memory. Whoever owns a reference has a pointer: an object with more references than pointers has
 * lost one. Reads only; knows nothing of why anybody asks.
 */
#ifndef SIGSWEEP_PYTHON_HEAP_H
#define SIGSWEEP_PYTHON_HEAP_H

#include "harness/base/fail.h"
#include "harness/kernel/registers.h"
#include "harness/python/python.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct heap_object {
	uint64_t address;
	uint64_t type;
	int64_t references; /* its reference count */
	int64_t pointers;   /* words of memory and registers that point at it or into it, but not
			     * those in the object itself */
	uint64_t value;     /* of str, bytes, int: equal values have equal numbers; of all others
			     * the address */
};

struct heap {
	struct heap_object *list; /* by address; no immortal ones */
	size_t count;
	size_t capacity;
	size_t blocks; /* that are given out */
};

/*
 * Reads the process, stopped with these registers, into `heap` (zeroed). Memory below the stack
 * pointer and blocks that are free do not count. -E2BIG with a sentence: more memory than is looked
 * through. The caller frees with heap_free().
 */
int heap_read(struct heap *heap, const struct python *python, pid_t pid,
	      const struct registers *registers) MUST_CHECK;
void heap_free(struct heap *heap);

#endif
