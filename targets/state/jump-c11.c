/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section that a C11 mutex guards. See section.h.
 */
#include <threads.h>

#define BEFORE initialise

static mtx_t lock;

static void initialise(void)
{
	mtx_init(&lock, mtx_plain);
}

static inline __attribute__((always_inline)) void enter(void)
{
	mtx_lock(&lock);
}

static inline __attribute__((always_inline)) void leave(void)
{
	mtx_unlock(&lock);
}

static long look(void)
{
	return mtx_trylock(&lock) != thrd_success;
}

#include "targets/state/section.h"
