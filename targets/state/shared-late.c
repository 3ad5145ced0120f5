/* SPDX-License-Identifier: MIT */
/*
 * A handler that adds only once it is told to. Bad: what it adds in the middle of the program's
 * second addition is lost; in the first one it does nothing.
 */
#include "targets/state/state.h"

static volatile long total;
static volatile sig_atomic_t ready;
static volatile sig_atomic_t seen;

static inline __attribute__((always_inline)) void add(long amount)
{
	long value = total;

	__asm__ volatile("" : "+r"(value));
	total = value + amount;
}

static void on_signal(int number)
{
	(void)number;
	if (!ready)
		return;
	add(1);
	seen = 1;
}

static __attribute__((noinline)) void work(void)
{
	add(10);
	ready = 1;
	add(20);
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
