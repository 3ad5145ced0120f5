/* SPDX-License-Identifier: MIT */
/*
 * The classic: a jump out of a handler to a place that did not save the signal mask. Bad: where the
 * handler jumps, its signal stays blocked for good, and the next Ctrl-C does nothing.
 */
#include "targets/state/state.h"

#include <setjmp.h>

static sigjmp_buf back;
static volatile sig_atomic_t armed;
static volatile long steps;

static void on_signal(int number)
{
	(void)number;
	if (armed)
		siglongjmp(back, 1);
}

int main(int count, char **arguments)
{
	sigset_t now;

	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	if (sigsetjmp(back, 0) == 0) {
		armed = 1;
		steps += 1;
	}
	armed = 0;
	SIGSWEEP_WINDOW_END();
	if (telling && sigprocmask(SIG_BLOCK, NULL, &now) == 0)
		tell(sigismember(&now, SIGINT));
	return 0;
}
