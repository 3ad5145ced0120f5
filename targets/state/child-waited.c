/* SPDX-License-Identifier: MIT */
/*
 * The twin of child-left: the handler ends the process that it started and waits for it. Good.
 */
#include "targets/state/state.h"

#include <errno.h>
#include <sys/wait.h>

static volatile sig_atomic_t armed;
static volatile pid_t child;
static volatile long steps;

static void live_on(void)
{
	alarm(2); /* no longer than it takes to be seen */
	pause();
	_exit(0);
}

static void on_signal(int number)
{
	int saved = errno;

	(void)number;
	if (armed) {
		child = _Fork();
		if (child == 0)
			live_on();
		kill(child, SIGKILL);
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
		child = 0;
	}
	errno = saved;
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	armed = 1;
	steps += 1;
	armed = 0;
	SIGSWEEP_WINDOW_END();
	if (telling) {
		tell(waitpid(-1, NULL, WNOHANG) == 0);
		if (child > 0)
			kill(child, SIGKILL);
	}
	return 0;
}
