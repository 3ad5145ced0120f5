/* SPDX-License-Identifier: MIT */
/*
 * A lock is held while the signal, which was blocked, is let in; its default action ends the
 * program there. A thread that is started later would have released the lock, so that no frame is
 * to be looked for. Good: a process that is gone holds nothing, wherever the signal was sent.
 */
#include "targets/state/state.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile long steps;

static void *release(void *unused)
{
	(void)unused;
	pthread_mutex_unlock(&lock);
	return NULL;
}

int main(void)
{
	sigset_t interrupt;
	pthread_t thread;

	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	sigprocmask(SIG_BLOCK, &interrupt, NULL);
	SIGSWEEP_WINDOW_BEGIN();
	pthread_mutex_lock(&lock);
	steps += 1;
	sigprocmask(SIG_UNBLOCK, &interrupt, NULL);
	steps += 1;
	SIGSWEEP_WINDOW_END();
	return pthread_create(&thread, NULL, release, NULL) || pthread_join(thread, NULL);
}
