/* SPDX-License-Identifier: MIT */
/*
 * The handler takes the lock that the program has. Bad: where the mutex's word says that it is
 * taken, the handler waits for ever for what it interrupted.
 */
#include "targets/state/state.h"

#include <stdlib.h>

#define TOTAL 100

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile long giver = TOTAL;
static volatile long taker;

static void on_signal(int number)
{
	(void)number;
	pthread_mutex_lock(&lock);
	if (giver + taker != TOTAL)
		abort();
	pthread_mutex_unlock(&lock);
}

static __attribute__((noinline)) int work(void)
{
	pthread_mutex_lock(&lock);
	giver -= 1;
	taker += 1;
	return pthread_mutex_unlock(&lock);
}

int main(int count, char **arguments)
{
	int wrong;

	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	wrong = work();
	SIGSWEEP_WINDOW_END();
	return wrong ? 3 : 0;
}
