/* SPDX-License-Identifier: MIT */
/*
 * The handler takes a recursive lock that the program may have and relies on what it guards. Bad:
 * as the same thread it is let in, in the middle of the program's change, finds the sum wrong and
 * aborts. Where the word is taken and the owner not noted yet, or no more, it waits for ever.
 */
#include "targets/state/state.h"

#include <stdlib.h>

#define TOTAL 100

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
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
