/* SPDX-License-Identifier: MIT */
/*
 * As jump-invariant, but what is declared harmless begins long before the window, with the first
 * of two ends in it: until the second nothing counts, then all does. See section.h.
 */
#include "include/sigsweep.h"

#define BEFORE announce

static volatile int unsettled;

static void announce(void)
{
	SIGSWEEP_INVARIANT(&unsettled, EQUAL, 0, "all is settled");
	SIGSWEEP_BENIGN_BEGIN("nobody is there yet");
	SIGSWEEP_BENIGN_BEGIN("nothing is there yet");
}

static inline __attribute__((always_inline)) void enter(void)
{
	unsettled += 1;
	SIGSWEEP_BENIGN_END();
}

static inline __attribute__((always_inline)) void leave(void)
{
	SIGSWEEP_BENIGN_END();
	unsettled -= 1;
}

static long look(void)
{
	return unsettled;
}

#include "targets/state/section.h"
