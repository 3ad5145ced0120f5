/* SPDX-License-Identifier: MIT */
/*
 * A handler that throws into a function that says it never throws. Bad: at each of its boundaries
 * the exception ends the program through std::terminate(), though the caller would catch it.
 */
#include "targets/state/state.h"

static volatile long steps;

static void on_signal(int number)
{
	throw number;
}

static __attribute__((noinline)) void work(volatile long *place) noexcept
{
	SIGSWEEP_WINDOW_BEGIN();
	*place = *place + 1;
	*place = *place + 1;
	SIGSWEEP_WINDOW_END();
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	try {
		work(&steps);
	} catch (int) {
	}
	return 0;
}
