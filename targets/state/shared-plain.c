/* SPDX-License-Identifier: MIT */
/*
 * A flag that the program asks for again and again, an ordinary int. Bad: nothing but the call
 * between keeps the compiler from asking once; found from the first reading to the last.
 */
#include "targets/state/state.h"

static int quit;

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
