/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section that a normal mutex guards: its word stays 1. See section.h.
 */
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static inline __attribute__((always_inline)) void enter(void)
{
	pthread_mutex_lock(&lock);
}

static inline __attribute__((always_inline)) void leave(void)
{
	pthread_mutex_unlock(&lock);
}

static long look(void)
{
	return pthread_mutex_trylock(&lock);
}

#include "targets/state/section.h"
