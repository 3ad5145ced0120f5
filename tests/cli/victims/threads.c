/* SPDX-License-Identifier: MIT */
/* Programs with a second thread: in the window, at its start, or gone before it. */
#include "victim.h"

#include <pthread.h>
#include <time.h>

static void *end_soon(void *unused)
{
	return unused;
}

static void *stay(void *unused)
{
	pause();
	return unused;
}

static void start_and_join(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, end_soon, NULL) || pthread_join(thread, NULL))
		_exit(9);
}

static void in_window(char **arguments)
{
	(void)arguments;
	install(SIGINT);
	start_and_join();
	say("done\n");
}

static void before(char **arguments)
{
	(void)arguments;
	start_and_join();
	install(SIGINT);
	say("done\n");
}

static void at_start(char **arguments)
{
	pthread_t thread;

	(void)arguments;
	if (pthread_create(&thread, NULL, stay, NULL))
		_exit(9);
	install(SIGINT);
	say("done\n");
}

static const struct behaviour behaviours[] = {
	{"in-window", in_window},
	{"before", before},
	{"at-start", at_start},
	{NULL, NULL},
};

int main(int count, char **arguments)
{
	(void)count;
	return behave(behaviours, arguments);
}
