/* SPDX-License-Identifier: MIT */
/*
 * The twin of exception-torn: each sets up an exception of its own beside the current one and makes
 * it current with one store. Good: the current exception is always one of the two, whole.
 */
#include "targets/state/state.h"

struct exception {
	long type;
	long value;
	long traceback;
};

static struct exception of_program;
static struct exception of_handler;
static struct exception *volatile current = &of_program;

static inline __attribute__((always_inline)) void set(struct exception *it, long which)
{
	it->type = which;
	it->value = which;
	it->traceback = which;
	__atomic_store_n(&current, it, __ATOMIC_RELEASE);
}

static void on_signal(int number)
{
	(void)number;
	set(&of_handler, 2);
}

static __attribute__((noinline)) void work(void)
{
	set(&of_program, 1);
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	work();
	SIGSWEEP_WINDOW_END();
	return current->type == current->value && current->value == current->traceback ? 0 : 3;
}
