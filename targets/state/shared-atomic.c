/* SPDX-License-Identifier: MIT */
/*
 * The twin of shared-lost: an atomic operation without a lock. Good: nothing is lost.
 */
#include "targets/state/state.h"

#include <stdatomic.h>

static atomic_long total;
static volatile sig_atomic_t seen;

static inline __attribute__((always_inline)) void add(long amount)
{
	atomic_fetch_add(&total, amount);
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
