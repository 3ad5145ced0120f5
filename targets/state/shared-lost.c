/* SPDX-License-Identifier: MIT */
/*
 * Program and handler add to the same word, which nobody has announced. Bad: what a handler adds
 * between the load and the store of the program's addition is lost.
 */
#include "targets/state/state.h"

static long total;
static volatile sig_atomic_t seen;

/* Not one instruction, whatever the compiler would like. */
static inline __attribute__((always_inline)) void add(long amount)
{
	long value = *(volatile long *)&total;

	__asm__ volatile("" : "+r"(value));
	*(volatile long *)&total = value + amount;
}

static void on_signal(int number)
{
	(void)number;
	add(1);
	seen = 1;
}

static __attribute__((noinline)) void work(void)
{
	add(10);
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
