/* SPDX-License-Identifier: MIT */
/*
 * A jump out of the middle of an update, while something is unsettled that must be settled where
 * the window ends: announced with a value, before the window. See section.h.
 */
#include "include/sigsweep.h"

#define BEFORE announce

static volatile int unsettled;

static void announce(void)
{
	SIGSWEEP_INVARIANT(&unsettled, EQUAL, 0, "all is settled");
}

static inline __attribute__((always_inline)) void enter(void)
{
	unsettled += 1;
}

static inline __attribute__((always_inline)) void leave(void)
{
	unsettled -= 1;
}

static long look(void)
{
	return unsettled;
}

#include "targets/state/section.h"
