/* SPDX-License-Identifier: MIT */
/*
 * For the programs that the command-line tests sweep: each does one awkward thing, chosen by its
 * first argument, in a window as short as can be. They must not use anything of the harness.
 */
#ifndef TESTS_CLI_VICTIM_H
#define TESTS_CLI_VICTIM_H

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct behaviour {
	const char *name;
	void (*run)(char **arguments); /* what follows the name; may end the program itself */
};

static volatile sig_atomic_t caught;

static void note_signal(int signal)
{
	caught = signal;
}

/* The default window begins when this returns. */
static inline void install(int signal)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = note_signal;
	sigaction(signal, &action, NULL);
}

/* Without stdio, and with _exit(2) instead of all that exit(3) does. */
static inline void say(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		_exit(101);
}

static inline int behave(const struct behaviour *table, char **arguments)
{
	for (; table->name && arguments[1]; table++) {
		if (strcmp(table->name, arguments[1]) == 0) {
			table->run(arguments + 2);
			_exit(0);
		}
	}
	fprintf(stderr, "no such behaviour\n");
	return 100;
}

#endif
