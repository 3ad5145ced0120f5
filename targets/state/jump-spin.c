/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section that a spin lock guards: 1 is free, 0 taken, and 0 is what static
 * memory holds as well. See section.h.
 */
#include <pthread.h>

#define BEFORE initialise

static pthread_spinlock_t lock;

static void initialise(void)
{
	pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE);
}

static inline __attribute__((always_inline)) void enter(void)
{
	pthread_spin_lock(&lock);
}

static inline __attribute__((always_inline)) void leave(void)
{
	pthread_spin_unlock(&lock);
}

static long look(void)
{
	return pthread_spin_trylock(&lock);
}

#include "targets/state/section.h"
