/* SPDX-License-Identifier: MIT */
/*
 * The twin of handler-lock-normal: the handler tries the lock and leaves the work to the program
 * where it cannot have it. Good: it never waits, and where it is let in the sum is right.
 */
#include "targets/state/state.h"

#include <stdlib.h>

#define TOTAL 100

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile long giver = TOTAL;
static volatile long taker;
static volatile sig_atomic_t refused;

static void on_signal(int number)
{
	(void)number;
	if (pthread_mutex_trylock(&lock) != 0) {
		refused = 1;
		return;
	}
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
