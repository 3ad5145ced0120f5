/* SPDX-License-Identifier: MIT */
/*
 * A home-made current exception of type, value and traceback, set one after the other; the handler
 * sets another. Bad: from the first store to the last the handler's is overwritten in part, and the
 * program ends with the type of one and the value of the other: status 3.
 */
#include "targets/state/state.h"

struct exception {
	long type;
	long value;
	long traceback;
};

static volatile struct exception current;

static inline __attribute__((always_inline)) void set(long which)
{
	current.type = which;
	current.value = which;
	current.traceback = which;
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
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	work();
	SIGSWEEP_WINDOW_END();
	return current.type == current.value && current.value == current.traceback ? 0 : 3;
}
