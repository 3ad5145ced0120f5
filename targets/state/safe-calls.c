/* SPDX-License-Identifier: MIT */
/*
 * The twin of malloc-reentry and stdio-reentry: the program is inside malloc(), free() and stdio,
 * the handler calls write(2) and clock_gettime(2), which POSIX lists as safe. Good.
 */
#include "targets/state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>

static int log_fd;
static void *volatile mine;

static void on_signal(int number)
{
	struct timespec now;
	int saved = errno;

	(void)number;
	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0 || write(log_fd, "signal\n", 7) != 7)
		_exit(2);
	errno = saved;
}

int main(int count, char **arguments)
{
	static char buffer[256];
	FILE *file = fopen("/dev/null", "w");

	log_fd = open("/dev/null", O_WRONLY);
	if (!file || log_fd < 0 || setvbuf(file, buffer, _IOFBF, sizeof(buffer)) != 0)
		return 2;
	install(count, arguments, on_signal);
	mine = malloc(100); /* volatile, or the compiler drops it: the heap is ready then */
	free(mine);
	SIGSWEEP_WINDOW_BEGIN();
	mine = malloc(100);
	fputs("program\n", file);
	free(mine);
	SIGSWEEP_WINDOW_END();
	return 0;
}
