/* SPDX-License-Identifier: MIT */
/*
 * A handler that flushes standard output "so that nothing is lost". Bad: stdio may not be entered
 * while it is at work. fputs() loads the write pointer, copies, and stores the pointer moved on; a
 * flush between load and store writes the first line out and rewinds the pointer, and the store
 * then undoes that: the first line is written twice. The flush at exit is as vulnerable, from the
 * load of what it will write to the store that rewinds the pointer. Elsewhere the handler does no
 * harm.
 *
 * The stream's own lock is switched off. It would not help, since it lets its owner in again, and
 * whether a handler can hang at the two instructions between taking it and noting the owner depends
 * on the version of glibc.
 */
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>

static void on_signal(int number)
{
	(void)number;
	fflush(stdout);
}

int main(void)
{
	static char buffer[256];
	struct sigaction action = {.sa_handler = on_signal};

	__fsetlocking(stdout, FSETLOCKING_BYCALLER);
	if (setvbuf(stdout, buffer, _IOFBF, sizeof(buffer)) != 0 || fputs("first\n", stdout) < 0)
		return 2;
	if (sigaction(SIGINT, &action, NULL) != 0)
		return 2;
	return fputs("second\n", stdout) < 0;
}
