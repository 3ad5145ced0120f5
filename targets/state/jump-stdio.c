/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section that the lock of a stdio stream guards: no other thread will print
 * again. See section.h.
 */
#include <stdio.h>

static inline __attribute__((always_inline)) void enter(void)
{
	flockfile(stderr);
}

static inline __attribute__((always_inline)) void leave(void)
{
	funlockfile(stderr);
}

static long look(void)
{
	return ftrylockfile(stderr);
}

#include "targets/state/section.h"
