/* SPDX-License-Identifier: MIT */
/*
 * A handler that prints through stdio to another stream than the program. Undefined where the
 * program is inside stdio itself: definite there, from the first instruction of the function to its
 * last, a warning at every other boundary.
 */
#include "targets/state/state.h"

static FILE *log_file;

static void on_signal(int number)
{
	(void)number;
	fputs("signal\n", log_file);
}

int main(int count, char **arguments)
{
	static char buffer[256];
	FILE *file = fopen("/dev/null", "w");

	log_file = fopen("/dev/null", "w");
	if (!file || !log_file || setvbuf(file, buffer, _IOFBF, sizeof(buffer)) != 0)
		return 2;
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	fputs("program\n", file);
	getppid();
	SIGSWEEP_WINDOW_END();
	return 0;
}
