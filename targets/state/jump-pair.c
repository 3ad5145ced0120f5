/* SPDX-License-Identifier: MIT */
/*
 * A jump between the two halves of a transfer: what was given must be what was taken. Two objects
 * of different width. See section.h.
 */
#include "include/sigsweep.h"

#define BEFORE announce

static volatile long taken;
static volatile short given;

static void announce(void)
{
	SIGSWEEP_INVARIANT_PAIR(&taken, EQUAL, &given, "what was taken was given");
}

static inline __attribute__((always_inline)) void enter(void)
{
	taken += 1;
}

static inline __attribute__((always_inline)) void leave(void)
{
	given += 1;
}

static long look(void)
{
	return taken - given;
}

#include "targets/state/section.h"
