/* SPDX-License-Identifier: MIT */
/*
 * As jump-invariant, but only the middle of the update is declared harmless, a part of that once
 * more for another reason: what lies outside counts, what lies inside does not. See section.h.
 */
#include "include/sigsweep.h"

#define BEFORE announce

static volatile int unsettled;
static volatile int inner;

static void announce(void)
{
	SIGSWEEP_INVARIANT(&unsettled, EQUAL, 0, "all is settled");
}

static __attribute__((noinline)) void nothing(void)
{
	inner += 1;
}

static inline __attribute__((always_inline)) void enter(void)
{
	unsettled += 1;
	nothing();
	SIGSWEEP_BENIGN_BEGIN("outer");
	nothing();
	SIGSWEEP_BENIGN_BEGIN("inner");
	nothing();
}

static inline __attribute__((always_inline)) void leave(void)
{
	SIGSWEEP_BENIGN_END();
	nothing();
	SIGSWEEP_BENIGN_END();
	nothing();
	unsettled -= 1;
}

static long look(void)
{
	return unsettled;
}

#include "targets/state/section.h"
