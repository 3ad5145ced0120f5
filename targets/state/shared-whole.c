/* SPDX-License-Identifier: MIT */
/*
 * The addition of shared-lost as one instruction, without any lock. Good: a signal comes before or
 * after an instruction, never into it.
 */
#include "targets/state/state.h"

static volatile long total;
static volatile sig_atomic_t seen;

static inline __attribute__((always_inline)) void add(long amount)
{
	__asm__ volatile("addq %1, %0" : "+m"(total) : "er"(amount));
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
