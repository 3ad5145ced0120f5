/* SPDX-License-Identifier: MIT */
/*
 * The handler of exception-torn repaired: it keeps the current exception, raises and handles one of
 * its own, and puts the program's back. Good: what it interrupts finds everything as it was.
 */
#include "targets/state/state.h"

struct exception {
	long type;
	long value;
	long traceback;
};

static volatile struct exception current;
static volatile sig_atomic_t handled;

static inline __attribute__((always_inline)) void set(long type, long value, long traceback)
{
	current.type = type;
	current.value = value;
	current.traceback = traceback;
}

static void on_signal(int number)
{
	const struct exception kept = {current.type, current.value, current.traceback};

	(void)number;
	set(2, 2, 2);
	handled = current.type == current.value;
	set(kept.type, kept.value, kept.traceback);
}

static __attribute__((noinline)) void work(void)
{
	set(1, 1, 1);
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	work();
	SIGSWEEP_WINDOW_END();
	return current.type == current.value && current.value == current.traceback ? 0 : 3;
}
