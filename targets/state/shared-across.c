/* SPDX-License-Identifier: MIT */
/*
 * The addition of shared-lost with a system call in its middle, and the value meanwhile on the
 * stack. Bad: what the handler adds between the load and the store is lost.
 */
#include "targets/state/state.h"

static volatile long total;
static volatile sig_atomic_t seen;

static void on_signal(int number)
{
	(void)number;
	total += 1;
	seen = 1;
}

static __attribute__((noinline)) void work(void)
{
	volatile long value = total;

	(void)getppid();
	total = value + 10;
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	work();
	SIGSWEEP_WINDOW_END();
	tell(total - seen);
	return 0;
}
