/* SPDX-License-Identifier: MIT */
/*
 * exception-torn with the exception on the heap, where nothing has a name. Bad: from the first
 * store to the last the handler's is overwritten in part, and the program ends with status 3.
 */
#include "targets/state/state.h"

#include <stdlib.h>

struct exception {
	long type;
	long value;
	long traceback;
};

static volatile struct exception *current;

static inline __attribute__((always_inline)) void set(long which)
{
	volatile struct exception *it = current;

	it->type = which;
	it->value = which;
	it->traceback = which;
}

static void on_signal(int number)
{
	(void)number;
	set(2);
}

static __attribute__((noinline)) void work(void)
{
	set(1);
}

int main(int count, char **arguments)
{
	current = calloc(1, sizeof(*current));
	if (!current)
		return 2;
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	work();
	SIGSWEEP_WINDOW_END();
	return current->type == current->value && current->value == current->traceback ? 0 : 3;
}
