/* SPDX-License-Identifier: MIT */
/*
 * A handler that does what a handler should: it sets a flag, and the program looks at the flag
 * where it can stop. Good: wherever the signal comes, the program ends as it always does (the
 * signal came after the last look) or leaves with status 130 between two steps of its work.
 */
#include <signal.h>
#include <unistd.h>

#define STEPS 4

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	if (sigaction(SIGINT, &action, NULL) != 0)
		return 2;
	for (int step = 0; step < STEPS; step++) {
		if (interrupted)
			return 130;
		if (write(STDOUT_FILENO, "step\n", 5) != 5)
			return 2;
	}
	return 0;
}
