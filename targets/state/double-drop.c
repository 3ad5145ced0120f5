/* SPDX-License-Identifier: MIT */
/*
 * Program and handler both drop the last reference, each when it finds the object still there. Bad:
 * from the program's load of the pointer to its clearing a handler drops it as well, and the
 * counter goes below zero.
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
	struct object *it = __atomic_load_n(&current, __ATOMIC_RELAXED);

	if (it) {
		/* One instruction: what is wrong here is not the counting. */
		__atomic_fetch_sub(&it->references, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&current, NULL, __ATOMIC_RELAXED);
	}
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
