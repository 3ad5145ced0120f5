/* SPDX-License-Identifier: MIT */
/*
 * A handler that waits for the interrupted code to finish, with a system call in each round. Bad:
 * it waits for ever, as whoever makes the trial once more notices too: spinning while `busy` is
 * set, which it is from the first boundary on.
 */
#include "targets/state/state.h"

static volatile int busy = 1;
static volatile long sum;

static void on_signal(int number)
{
	(void)number;
	while (busy)
		getppid();
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	sum += 1;
	busy = 0;
	sum += 1;
	SIGSWEEP_WINDOW_END();
	return 0;
}
