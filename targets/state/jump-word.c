/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section that a home-made lock guards, of which an annotation says that it is
 * free while it is zero. See section.h.
 */
#include <sched.h>

#include "include/sigsweep.h"

#define BEFORE announce

static int lock;

static void announce(void)
{
	SIGSWEEP_LOCK_WORD(&lock, "home-made");
}

static inline __attribute__((always_inline)) void enter(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

static inline __attribute__((always_inline)) void leave(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

static long look(void)
{
	return __atomic_load_n(&lock, __ATOMIC_ACQUIRE);
}

#include "targets/state/section.h"
