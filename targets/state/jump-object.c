/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section in which an object begins and ends to live: it is left over with its
 * reference. In the undisturbed program it ends without any. See section.h.
 */
#include "include/sigsweep.h"

/* A pool of one, so that the sweep leads through no allocator. */
static struct object {
	volatile long references;
} object;

static inline __attribute__((always_inline)) void enter(void)
{
	object.references = 1;
	SIGSWEEP_COUNTER(&object.references, "object");
}

static inline __attribute__((always_inline)) void leave(void)
{
	object.references -= 1;
	SIGSWEEP_COUNTER_END(&object.references);
}

static long look(void)
{
	return object.references;
}

#include "targets/state/section.h"
