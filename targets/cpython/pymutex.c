/* SPDX-License-Identifier: MIT */
/*
 * A PyMutex (CPython 3.13 and later), held while it calls back: taken by a call, as from languages
 * that know no inline functions of C.
 */
#include "targets/cpython/calls-back.h"

/* Include/cpython/lock.h of 3.13: a byte. The headers that this is compiled with may be older. */
extern void PyMutex_Lock(unsigned char *mutex);
extern void PyMutex_Unlock(unsigned char *mutex);

static unsigned char mutex;

static void take(void)
{
	PyMutex_Lock(&mutex);
}

static void give(void)
{
	PyMutex_Unlock(&mutex);
}
