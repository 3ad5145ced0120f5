/* SPDX-License-Identifier: MIT */
/*
 * The setting of exception-torn, and a handler that reads one member only. Good: a word is written
 * by one store, and the handler sees the old one or the new one.
 */
#include "targets/state/state.h"

struct exception {
	long type;
	long value;
	long traceback;
};

static volatile struct exception current;
static volatile sig_atomic_t seen;

static void on_signal(int number)
{
	(void)number;
	seen = current.value == 0 || current.value == 1 ? 1 : 2;
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
	return seen == 2 ? 3 : 0;
}
