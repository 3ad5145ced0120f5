/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section that a semaphore of 1 guards: it stays 0. See section.h.
 */
#include <semaphore.h>

#define BEFORE initialise

static sem_t lock;

static void initialise(void)
{
	sem_init(&lock, 0, 1);
}

static inline __attribute__((always_inline)) void enter(void)
{
	sem_wait(&lock);
}

static inline __attribute__((always_inline)) void leave(void)
{
	sem_post(&lock);
}

static long look(void)
{
	return sem_trywait(&lock);
}

#include "targets/state/section.h"
