/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section in which another signal is blocked, to a place that did not save the
 * mask: it stays blocked. The handler is installed with SA_NODEFER, so that its own signal is
 * not. See section.h.
 */
#include <signal.h>

#define SAVE_MASK 0
#define FLAGS SA_NODEFER

static sigset_t before;

static inline __attribute__((always_inline)) void enter(void)
{
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, &before);
}

static inline __attribute__((always_inline)) void leave(void)
{
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static long look(void)
{
	sigset_t now;

	return pthread_sigmask(SIG_BLOCK, NULL, &now) != 0 || sigismember(&now, SIGUSR1);
}

#include "targets/state/section.h"
