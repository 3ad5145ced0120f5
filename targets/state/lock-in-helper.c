/* SPDX-License-Identifier: MIT */
/*
 * Functions of the program take the lock and give it back, as wrappers do: the frame that took it
 * is gone while it is held, because it returned. Good: so it is in the undisturbed run, the handler
 * only sets a flag, and nothing is left.
 */
#include "targets/state/state.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile sig_atomic_t seen;
static volatile long steps;

static void on_signal(int number)
{
	(void)number;
	seen = 1;
}

static __attribute__((noinline)) void take(void)
{
	pthread_mutex_lock(&lock);
	steps += 1;
}

static __attribute__((noinline)) void give(void)
{
	steps += 1;
	pthread_mutex_unlock(&lock);
}

static long look(void)
{
	return pthread_mutex_trylock(&lock);
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	take();
	steps += 1;
	give();
	SIGSWEEP_WINDOW_END();
	if (telling)
		tell(ask_other_thread(look));
	return 0;
}
