/* SPDX-License-Identifier: MIT */
/*
 * The program of shared-lost repaired: it blocks the signal while it adds. Good: nothing is lost.
 */
#include "targets/state/state.h"

static long total;
static volatile sig_atomic_t seen;

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

static __attribute__((noinline)) void work(const sigset_t *blocked)
{
	sigset_t before;

	sigprocmask(SIG_BLOCK, blocked, &before);
	add(10);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

int main(int count, char **arguments)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	work(&blocked);
	SIGSWEEP_WINDOW_END();
	tell(total - seen);
	return 0;
}
