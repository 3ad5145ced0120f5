/* SPDX-License-Identifier: MIT */
/*
 * The twin of double-drop: each takes the pointer away with one instruction before it drops what it
 * took. Good: only one of them gets it.
 */
#include "targets/state/state.h"

struct object {
	long references;
};

static struct object object = {1};
static struct object *current = &object;

#define WORST object.references

static inline __attribute__((always_inline)) void drop(void)
{
	struct object *it = __atomic_exchange_n(&current, NULL, __ATOMIC_RELAXED);

	if (it)
		__atomic_fetch_sub(&it->references, 1, __ATOMIC_RELAXED);
}

static void on_signal(int number)
{
	(void)number;
	drop();
}

static __attribute__((noinline)) void work(void)
{
	drop();
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	SIGSWEEP_COUNTER(&object.references, "object");
	SIGSWEEP_WINDOW_BEGIN();
	work();
	SIGSWEEP_WINDOW_END();
	tell(WORST);
	return 0;
}
