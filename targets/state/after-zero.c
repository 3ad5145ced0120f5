/* SPDX-License-Identifier: MIT */
/*
 * The program drops the last reference and then clears the pointer; the handler takes a reference
 * through the pointer for as long as it needs it. Bad: between the two it takes one to an object
 * that is already dead. The counter ends as it should.
 */
#include "targets/state/state.h"

struct object {
	long references;
};

static struct object object = {1};
static struct object *current = &object;

#define WORST late

static volatile sig_atomic_t late; /* uses of an object without references */

static void on_signal(int number)
{
	struct object *it = __atomic_load_n(&current, __ATOMIC_RELAXED);

	(void)number;
	if (!it)
		return;
	late += __atomic_fetch_add(&it->references, 1, __ATOMIC_RELAXED) == 0;
	__atomic_fetch_sub(&it->references, 1, __ATOMIC_RELAXED);
}

static __attribute__((noinline)) void work(void)
{
	__atomic_fetch_sub(&object.references, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&current, NULL, __ATOMIC_RELAXED);
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
