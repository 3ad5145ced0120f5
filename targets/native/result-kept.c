/* SPDX-License-Identifier: MIT */
/*
 * The twin of result-lost: whether the read failed is asked of its result, never of the flag. Good:
 * bytes that were read are written, and EINTR, which did not happen to a file anyway, is tried
 * again.
 */
#include <errno.h>
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
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			break;
		if (write(STDOUT_FILENO, record, (size_t)count) != count)
			return 2;
	}
	return count < 0;
}
