/* SPDX-License-Identifier: MIT */
/*
 * A copy loop that takes "a signal came" for "the read failed". Bad: a signal between the clearing
 * of the flag and its test makes the loop start over, although the read(2) of this round succeeded:
 * its bytes are gone and the output lacks a record. Exactly the boundaries after the store that
 * clears the flag up to and including the one before the flag's load, in each round whose read
 * gives bytes; in the last round the read gives none and nothing is lost.
 */
#include <signal.h>
#include <unistd.h>

#define RECORD 4

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	char record[RECORD];
	ssize_t count;

	if (sigaction(SIGINT, &action, NULL) != 0)
		return 2;
	for (;;) {
		interrupted = 0;
		count = read(STDIN_FILENO, record, sizeof(record));
		if (interrupted)
			continue;
		if (count <= 0)
			break;
		if (write(STDOUT_FILENO, record, (size_t)count) != count)
			return 2;
	}
	return count < 0;
}
