/* SPDX-License-Identifier: MIT */
/*
 * The program of exception-torn repaired: it blocks the signal while it sets the exception. Good:
 * the handler comes before or after it.
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

static __attribute__((noinline)) void work(const sigset_t *blocked)
{
	sigset_t before;

	sigprocmask(SIG_BLOCK, blocked, &before);
	set(1);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

int main(int count, char **arguments)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	work(&blocked);
	SIGSWEEP_WINDOW_END();
	return current.type == current.value && current.value == current.traceback ? 0 : 3;
}
