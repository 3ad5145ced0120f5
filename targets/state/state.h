/* SPDX-License-Identifier: MIT */
/*
 * What the targets of this folder share. Each marks its window with annotations. Called with the
 * argument `tell` it prints at its end what state it is in, which is how the ground truth sees, by
 * running it once for each boundary, what a silent run leaves behind. With `look` it looks and is
 * silent, for what looking tidies up. Knows nothing of sigsweep but
 * its public header.
 */
#ifndef TARGETS_STATE_STATE_H
#define TARGETS_STATE_STATE_H

#include "include/sigsweep.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef FLAGS
#define FLAGS 0
#endif

static volatile sig_atomic_t telling; /* 1: look, 2: and tell */

/* Never through stdio, whose own state may be what is broken. */
__attribute__((unused)) static void tell(long state)
{
	char text[32];
	int size = snprintf(text, sizeof(text), "%ld\n", state);

	if (telling > 1 && write(STDOUT_FILENO, text, (size_t)size) != size)
		_exit(2);
}

__attribute__((unused)) static void install(int count, char **arguments, void (*handler)(int))
{
	struct sigaction action;

	telling = count > 1 ? 1 + (strcmp(arguments[1], "tell") == 0) : 0;
	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	action.sa_flags = FLAGS;
	if (sigaction(SIGINT, &action, NULL) != 0)
		_exit(2);
}

__attribute__((unused)) static void *call_look(void *look)
{
	return (void *)(*(long (**)(void))look)();
}

/* What a function says in a thread of its own: the owner of a lock may be let in again. */
__attribute__((unused)) static long ask_other_thread(long (*look)(void))
{
	pthread_t thread;
	void *answer;

	if (pthread_create(&thread, NULL, call_look, &look) != 0 ||
	    pthread_join(thread, &answer) != 0)
		_exit(2);
	return (long)answer;
}

#endif
