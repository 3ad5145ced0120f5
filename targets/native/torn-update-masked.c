/* SPDX-License-Identifier: MIT */
/*
 * The twin of torn-update: the signal is blocked while the two words are changed. Good: the handler
 * runs before the block or after the unblocking, when the sum is right again.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define TOTAL 100
#define TRANSFERS 3

static volatile long giver = TOTAL;
static volatile long taker;

static void on_signal(int number)
{
	(void)number;
	if (giver + taker != TOTAL)
		abort();
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
	for (long amount = 1; amount <= TRANSFERS; amount++) {
		if (sigprocmask(SIG_BLOCK, &blocked, &before) != 0)
			return 2;
		giver -= amount;
		taker += amount;
		if (sigprocmask(SIG_SETMASK, &before, NULL) != 0)
			return 2;
	}
	return write(STDOUT_FILENO, "done\n", 5) != 5;
}
