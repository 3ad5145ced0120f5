/* SPDX-License-Identifier: MIT */
/*
 * The third repair of lost-wakeup: the signal is blocked but for the time that ppoll(2) sleeps,
 * which takes the mask for its sleep as an argument. Good for the same reason as sigsuspend().
 */
#include <poll.h>
#include <signal.h>
#include <stddef.h>
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
		ppoll(NULL, 0, NULL, &before);
	return write(STDOUT_FILENO, "woken\n", 6) != 6;
}
