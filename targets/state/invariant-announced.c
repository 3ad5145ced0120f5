/* SPDX-License-Identifier: MIT */
/*
 * A level that the program sets and announces in the window, with the limit that there is then; the
 * handler raises it. Bad: from the instruction that sets the level on, what the handler sets is
 * above the limit and stays. Neither the limit's later change nor where the program announces it
 * makes a difference. Before, the program's own level takes the place of the handler's.
 */
#include "targets/state/state.h"

static volatile unsigned short level;
static volatile long limit = 5;
static volatile long steps;

static void on_signal(int number)
{
	(void)number;
	level = 6;
}

static __attribute__((noinline)) void work(void)
{
	steps += 1;
	level = 3;
	steps += 1;
	SIGSWEEP_INVARIANT(&level, LESS_EQUAL, limit, "the level is within the limit");
	limit = 50;
	steps += 1;
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	work();
	SIGSWEEP_WINDOW_END();
	tell(level);
	return 0;
}
