/* SPDX-License-Identifier: MIT */
/*
 * The halves of an update are not equal for a while. Good: the handler only sets a flag, so that
 * they are where it is asked. Negative and unsigned numbers in all relations that hold.
 */
#include "targets/state/state.h"

static volatile sig_atomic_t woken;
static volatile signed char first = -3;
static volatile unsigned int second = 7;

static void on_signal(int number)
{
	(void)number;
	woken = 1;
}

static __attribute__((noinline)) void work(void)
{
	first -= 100;
	second += 4000000000U;
	first += 100;
	second -= 4000000000U;
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	SIGSWEEP_INVARIANT(&first, EQUAL, -3, "equal");
	SIGSWEEP_INVARIANT(&first, NOT_EQUAL, 253, "not equal");
	SIGSWEEP_INVARIANT(&first, LESS, 0, "less");
	SIGSWEEP_INVARIANT(&first, GREATER_EQUAL, -3, "greater or equal");
	SIGSWEEP_INVARIANT(&second, LESS_EQUAL, 7, "less or equal");
	SIGSWEEP_INVARIANT(&second, GREATER, 6, "greater");
	SIGSWEEP_INVARIANT_PAIR(&first, LESS, &second, "less than the other");
	SIGSWEEP_WINDOW_BEGIN();
	work();
	SIGSWEEP_WINDOW_END();
	return 0;
}
