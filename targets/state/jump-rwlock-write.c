/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section that is entered as the only writer. See section.h.
 */
#include <pthread.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

static inline __attribute__((always_inline)) void enter(void)
{
	pthread_rwlock_wrlock(&lock);
}

static inline __attribute__((always_inline)) void leave(void)
{
	pthread_rwlock_unlock(&lock);
}

static long look(void)
{
	return pthread_rwlock_trywrlock(&lock);
}

#include "targets/state/section.h"
