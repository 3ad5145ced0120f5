/* SPDX-License-Identifier: MIT */
/*
 * The twin of stdio-in-handler: the program uses stdio, the handler only write(2), which is
 * async-signal-safe, on a descriptor of its own. Good: the stream is never entered twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <unistd.h>

static int log_fd;

static void on_signal(int number)
{
	int saved = errno;

	(void)number;
	if (write(log_fd, "signal\n", 7) != 7)
		_exit(2);
	errno = saved;
}

int main(void)
{
	static char buffer[256];
	struct sigaction action = {.sa_handler = on_signal};

	log_fd = open("/dev/null", O_WRONLY);
	if (log_fd < 0)
		return 2;
	__fsetlocking(stdout, FSETLOCKING_BYCALLER);
	if (setvbuf(stdout, buffer, _IOFBF, sizeof(buffer)) != 0 || fputs("first\n", stdout) < 0)
		return 2;
	if (sigaction(SIGINT, &action, NULL) != 0)
		return 2;
	return fputs("second\n", stdout) < 0;
}
