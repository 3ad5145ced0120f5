/* SPDX-License-Identifier: MIT */
/*
 * The frame that takes the lock is the one that is jumped back to: it is there until the end, and
 * so is the lock, which the undisturbed program gives back. Bad: held at the end, though no frame
 * is gone.
 */
#include "targets/state/state.h"

#include <setjmp.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sigjmp_buf back;
static volatile long steps;

static void on_signal(int number)
{
	(void)number;
	siglongjmp(back, 1);
}

static long look(void)
{
	return pthread_mutex_trylock(&lock);
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	if (sigsetjmp(back, 1) == 0) {
		SIGSWEEP_WINDOW_BEGIN();
		pthread_mutex_lock(&lock);
		steps += 1;
		pthread_mutex_unlock(&lock);
	}
	SIGSWEEP_WINDOW_END();
	if (telling)
		tell(ask_other_thread(look));
	return 0;
}
