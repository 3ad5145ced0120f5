/* SPDX-License-Identifier: MIT */
/*
 * As jump-invariant, but what is unsettled is settled behind the window, and the invariant's end is
 * announced: it is not true at the window's end, and nobody asks at the program's. See section.h.
 */
#include "include/sigsweep.h"

#define BEFORE announce
#define AFTER mend

static volatile unsigned char unsettled;
static unsigned char seen;

static void announce(void)
{
	SIGSWEEP_INVARIANT(&unsettled, LESS, 1, "nothing is unsettled");
}

static void mend(void)
{
	seen = unsettled;
	unsettled = 0;
	SIGSWEEP_INVARIANT_END(&unsettled);
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
	return seen;
}

#include "targets/state/section.h"
