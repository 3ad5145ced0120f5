/* SPDX-License-Identifier: MIT */
/*
 * The handler ends the process in the middle of an update. Good: nobody goes on with what is
 * half done, and it dies with the process.
 */
#include "targets/state/state.h"

static volatile long unsettled;

static void on_signal(int number)
{
	(void)number;
	_exit(0);
}

static __attribute__((noinline)) void work(void)
{
	unsettled += 1;
	unsettled -= 1;
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	SIGSWEEP_INVARIANT(&unsettled, EQUAL, 0, "all is settled");
	SIGSWEEP_WINDOW_BEGIN();
	work();
	SIGSWEEP_WINDOW_END();
	return 0;
}
