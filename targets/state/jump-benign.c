/* SPDX-License-Identifier: MIT */
/*
 * As jump-invariant, but the whole update is declared harmless: nothing counts, and what is left
 * unsettled is listed as benign. See section.h.
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
	SIGSWEEP_BENIGN_BEGIN("whoever comes next settles it");
	unsettled += 1;
}

static inline __attribute__((always_inline)) void leave(void)
{
	unsettled -= 1;
	SIGSWEEP_BENIGN_END();
}

static long look(void)
{
	return unsettled;
}

#include "targets/state/section.h"
