/* SPDX-License-Identifier: MIT */
/*
 * The addition of shared-lost in a loop that compares before it stores. Good: where the handler
 * came in between, the loop begins again.
 */
#include "targets/state/state.h"

#include <stdatomic.h>

static atomic_long total;
static volatile sig_atomic_t seen;

static inline __attribute__((always_inline)) void add(long amount)
{
	long value = atomic_load(&total);

	while (!atomic_compare_exchange_strong(&total, &value, value + amount))
		continue;
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
