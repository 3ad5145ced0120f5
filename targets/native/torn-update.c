/* SPDX-License-Identifier: MIT */
/*
 * Two words that belong together are changed one after the other, and the handler relies on both.
 * Bad: between the store of the first and the store of the second the sum is wrong, and the
 * handler, which checks it, aborts. Exactly the boundaries after the first store up to and
 * including the one before the second, in each of the transfers.
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

	if (sigaction(SIGINT, &action, NULL) != 0)
		return 2;
	for (long amount = 1; amount <= TRANSFERS; amount++) {
		giver -= amount;
		taker += amount;
	}
	return write(STDOUT_FILENO, "done\n", 5) != 5;
}
