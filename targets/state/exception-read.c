/* SPDX-License-Identifier: MIT */
/*
 * The setting of exception-torn, and a handler that only reads. Bad: from the first store to the
 * last it sees the type of one exception and the traceback of another: status 3.
 */
#include "targets/state/state.h"

struct exception {
	long type;
	long value;
	long traceback;
};

static volatile struct exception current;
static volatile sig_atomic_t is_torn;

static void on_signal(int number)
{
	(void)number;
	if (current.type != current.value || current.value != current.traceback)
		is_torn = 1;
}

static __attribute__((noinline)) void work(void)
{
	current.type = 1;
	current.value = 1;
	current.traceback = 1;
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	work();
	SIGSWEEP_WINDOW_END();
	return is_torn ? 3 : 0;
}
