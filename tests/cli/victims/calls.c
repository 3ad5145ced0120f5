/* SPDX-License-Identifier: MIT */
/* Programs that block in system calls, and say what an interruption did to the call. */
#include "victim.h"

#include <errno.h>
#include <time.h>

/* 7: the call was interrupted. */
static void nap(char **arguments)
{
	const struct timespec time = {0, 20000000};

	(void)arguments;
	install(SIGINT);
	if (nanosleep(&time, NULL) < 0)
		_exit(errno == EINTR ? 7 : 9);
	say("slept\n");
}

/* Waits for the signal: nothing else ends the read. */
static void read_on(char **arguments)
{
	int fds[2];
	char byte;

	(void)arguments;
	if (pipe(fds) < 0)
		_exit(8);
	install(SIGINT);
	if (read(fds[0], &byte, 1) < 0)
		_exit(errno == EINTR ? 0 : 9);
}

/* Also the end of a window that is never come to without the signal. */
__attribute__((noinline)) void after_rest(int error)
{
	_exit(error == EINTR ? 0 : 9);
}

/* Sleeps for longer than anybody waits. */
static void rest(char **arguments)
{
	const struct timespec time = {1000, 0};

	(void)arguments;
	install(SIGINT);
	if (nanosleep(&time, NULL) < 0)
		after_rest(errno);
}

static const struct behaviour behaviours[] = {
	{"nap", nap},
	{"read", read_on},
	{"rest", rest},
	{NULL, NULL},
};

int main(int count, char **arguments)
{
	(void)count;
	return behave(behaviours, arguments);
}
