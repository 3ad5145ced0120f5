/* SPDX-License-Identifier: MIT */
/*
 * The total of two counts is kept beside them; program and handler both add one to a part and to
 * the total. Bad: between the load and the store of either, what the handler adds to it is lost,
 * and the total is no more that of the parts.
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
	add(1);
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
