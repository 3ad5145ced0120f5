/* SPDX-License-Identifier: MIT */
/*
 * The first repair of lost-wakeup: the signal is blocked while the flag is tested, and
 * sigsuspend(2) unblocks it and sleeps in one step. Good: before the block the handler runs before
 * the test; after it the signal stays pending until sigsuspend() takes it.
 */
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t woken;

static void on_signal(int number)
{
	(void)number;
	woken = 1;
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t blocked;
	sigset_t before;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	if (sigaction(SIGINT, &action, NULL) != 0)
		return 2;
	if (sigprocmask(SIG_BLOCK, &blocked, &before) != 0)
		return 2;
	while (!woken)
		sigsuspend(&before);
	return write(STDOUT_FILENO, "woken\n", 6) != 6;
}
