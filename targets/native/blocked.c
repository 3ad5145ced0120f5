/* SPDX-License-Identifier: MIT */
/*
 * A program that has a handler and blocks the signal from work() to its end. Good, and each
 * delivery must be seen as `blocked`: the signal stays pending and the handler, which would end the
 * program with a status of its own, never runs.
 */
#include <signal.h>
#include <unistd.h>

static void on_signal(int number)
{
	(void)number;
	_exit(3);
}

__attribute__((noinline)) static int work(void)
{
	return write(STDOUT_FILENO, "done\n", 5) != 5;
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	if (sigprocmask(SIG_BLOCK, &blocked, NULL) != 0 || sigaction(SIGINT, &action, NULL) != 0)
		return 2;
	return work();
}
