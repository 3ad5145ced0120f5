/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section that holds a reference: the counter stays one too high, and the object
 * will never go. See section.h.
 */
#include "include/sigsweep.h"

#define BEFORE announce

static volatile long references = 1;

static void announce(void)
{
	SIGSWEEP_COUNTER(&references, "object");
}

static inline __attribute__((always_inline)) void enter(void)
{
	references += 1;
}

static inline __attribute__((always_inline)) void leave(void)
{
	references -= 1;
}

static long look(void)
{
	return references;
}

#include "targets/state/section.h"
