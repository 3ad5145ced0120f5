/* SPDX-License-Identifier: MIT */
/*
 * The twin of invariant-lost: the signal is blocked while the program adds. The total is not that
 * of the parts in between, but it is whenever the handler runs, and where the window ends.
 */
#include "targets/state/state.h"

static volatile long parts;
static volatile long total;

static inline __attribute__((always_inline)) void add(long amount)
{
	parts += amount;
	total += amount;
}

static void on_signal(int number)
{
	(void)number;
	add(10);
}

static __attribute__((noinline)) void work(void)
{
	sigset_t signals;
	sigset_t before;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, &before);
	add(1);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	SIGSWEEP_INVARIANT_PAIR(&total, EQUAL, &parts, "the total is that of the parts");
	SIGSWEEP_WINDOW_BEGIN();
	work();
	SIGSWEEP_WINDOW_END();
	tell(total - parts);
	return 0;
}
