/* SPDX-License-Identifier: MIT */
/*
 * The twin of invariant-announced: the end of the invariant is announced before the window's, and
 * then the level may be as it likes. Good wherever the signal comes: each trial passes the end on
 * its own way, or it was passed.
 */
#include "targets/state/state.h"

static volatile unsigned short level;
static volatile long steps;

static void on_signal(int number)
{
	(void)number;
	level = 6;
}

static __attribute__((noinline)) void work(void)
{
	level = 3;
	SIGSWEEP_INVARIANT(&level, LESS_EQUAL, 5, "the level is within the limit");
	steps += 1;
	SIGSWEEP_INVARIANT_END(&level);
	steps += 1;
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	work();
	SIGSWEEP_WINDOW_END();
	return 0;
}
