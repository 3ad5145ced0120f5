/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section that a home-made lock guards, announced as it is taken and given back:
 * known to be held from the one nop to the other, a little shorter than it really is. See
 * section.h.
 */
#include <sched.h>

#include "include/sigsweep.h"

static int lock;

static inline __attribute__((always_inline)) void enter(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		sched_yield();
	SIGSWEEP_LOCK_ACQUIRED(&lock, "home-made");
}

static inline __attribute__((always_inline)) void leave(void)
{
	SIGSWEEP_LOCK_RELEASED(&lock);
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

static long look(void)
{
	return __atomic_load_n(&lock, __ATOMIC_ACQUIRE);
}

#include "targets/state/section.h"
