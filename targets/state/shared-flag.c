/* SPDX-License-Identifier: MIT */
/*
 * The flag of shared-plain as C wants it: volatile sig_atomic_t. Good: it is read anew each time,
 * and whole.
 */

#include "targets/state/state.h"

static volatile sig_atomic_t quit;

static void on_signal(int number)
{
	(void)number;
	quit = 1;
}

static __attribute__((noinline, noclone)) int wants_to_quit(void)
{
	__asm__ volatile("" : : : "memory");
	return quit;
}

static __attribute__((noinline)) int work(void)
{
	int count = 0;

	for (int i = 0; i < 3; i++)
		count += wants_to_quit();
	return count;
}

int main(int count, char **arguments)
{
	int times;

	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	times = work();
	SIGSWEEP_WINDOW_END();
	return times > 3 ? 3 : 0;
}
