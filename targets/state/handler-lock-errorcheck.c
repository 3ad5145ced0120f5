/* SPDX-License-Identifier: MIT */
/*
 * The handler takes an error-checking lock that the program may have, does not look at the result,
 * and gives it back. Bad: where the program is its owner the lock is refused (EDEADLK) and given
 * back all the same, so that the program finds at its own unlocking that it owns nothing (EPERM)
 * and exits with status 3. Where the word is taken and the owner not noted yet, or no more, the
 * handler waits for ever. Once the unlocking has looked at owner and word nobody notices.
 */
#include "targets/state/state.h"

#include <stdlib.h>

#define TOTAL 100

static pthread_mutex_t lock = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static volatile long giver = TOTAL;
static volatile long taker;

static void on_signal(int number)
{
	(void)number;
	pthread_mutex_lock(&lock);
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
