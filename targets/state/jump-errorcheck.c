/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section that an error-checking mutex guards. See section.h.
 */
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;

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
