/* SPDX-License-Identifier: MIT */
/*
 * A PyMutex (CPython 3.13 and later), held while it calls back: taken and given without a call
 * where nobody else has it, as inline functions of the headers of C do.
 */
#include "targets/cpython/calls-back.h"

/* Include/cpython/lock.h of 3.13: a byte, 1 while it is held. The headers that this is compiled
 * with may be older. */
extern void PyMutex_Lock(unsigned char *mutex);
extern void PyMutex_Unlock(unsigned char *mutex);

static unsigned char mutex;

/* Does the mutex go from one state to the other at once? */
static inline int exchange(unsigned char from, unsigned char to)
{
	return __atomic_compare_exchange_n(&mutex, &from, to, 0, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

static void take(void)
{
	if (!exchange(0, 1))
		PyMutex_Lock(&mutex);
}

static void give(void)
{
	if (!exchange(1, 0))
		PyMutex_Unlock(&mutex);
}
