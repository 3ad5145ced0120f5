/* SPDX-License-Identifier: MIT */
/*
 * The second repair of lost-wakeup: the handler writes a byte into a pipe, and the program waits
 * for the byte. Good: a signal before the read leaves its byte in the pipe, one during the read
 * ends it with EINTR and the byte is there for the next one.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

static int wake_pipe[2];

static void on_signal(int number)
{
	int saved = errno;

	(void)number;
	if (write(wake_pipe[1], "!", 1) != 1)
		_exit(2);
	errno = saved;
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	ssize_t count;
	char byte;

	if (pipe(wake_pipe) != 0)
		return 2;
	if (sigaction(SIGINT, &action, NULL) != 0)
		return 2;
	do {
		count = read(wake_pipe[0], &byte, 1);
	} while (count < 0 && errno == EINTR);
	if (count != 1)
		return 2;
	return write(STDOUT_FILENO, "woken\n", 6) != 6;
}
