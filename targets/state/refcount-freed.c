/* SPDX-License-Identifier: MIT */
/*
 * Objects from malloc() that end and are freed, so that the allocator writes to their memory and
 * others come to lie there; the handler takes a reference of one that lives on, and drops it. Good:
 * what ends is announced before it is freed.
 */
#include "targets/state/state.h"

#include <stdlib.h>

struct object {
	long references;
	long filling[3];
};

static struct object *kept;

static struct object *make(const char *name)
{
	struct object *object = malloc(sizeof(*object));

	if (!object)
		_exit(2);
	object->references = 1;
	SIGSWEEP_COUNTER(&object->references, name);
	return object;
}

static void drop(struct object *object)
{
	if (__atomic_sub_fetch(&object->references, 1, __ATOMIC_RELAXED) > 0)
		return;
	SIGSWEEP_COUNTER_END(&object->references);
	free(object);
}

static void on_signal(int number)
{
	(void)number;
	__atomic_fetch_add(&kept->references, 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&kept->references, 1, __ATOMIC_RELAXED);
}

static __attribute__((noinline)) void work(void)
{
	struct object *first = make("first");
	struct object *second;

	drop(first);
	second = make("second");
	drop(second);
}

int main(int count, char **arguments)
{
	kept = make("kept");
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	work();
	SIGSWEEP_WINDOW_END();
	tell(kept->references);
	return 0;
}
