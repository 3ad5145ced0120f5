/* SPDX-License-Identifier: MIT */
/*
 * A jump out of malloc() and free(). Bad: a process that has had a second thread takes the arena's
 * lock there, and it stays taken; the next allocation waits for ever. See section.h.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define BEFORE have_had_threads
#define AFTER allocate_again
#define SIZE 2000 /* more than the thread cache keeps, which has no lock */

static void *volatile block;

static pid_t other;

static void *do_nothing(void *argument)
{
	other = gettid();
	return argument;
}

static void allocate_again(void)
{
	block = malloc(SIZE);
	free(block);
}

static void have_had_threads(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, do_nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)
		exit(2);
	/* A thread that was joined may still be on its way out: the window is to have one only. */
	while (tgkill(getpid(), other, 0) == 0)
		sched_yield();
	allocate_again();
}

static inline __attribute__((always_inline)) void enter(void)
{
	block = malloc(SIZE);
}

static inline __attribute__((always_inline)) void leave(void)
{
	free(block);
}

static long look(void)
{
	return 0;
}

#include "targets/state/section.h"
