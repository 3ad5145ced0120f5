/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section in which another signal is ignored: it stays so. See section.h.
 */
#include <signal.h>

static struct sigaction before;

static inline __attribute__((always_inline)) void enter(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGUSR1, &ignore, &before);
}

static inline __attribute__((always_inline)) void leave(void)
{
	sigaction(SIGUSR1, &before, NULL);
}

static long look(void)
{
	struct sigaction now;

	return sigaction(SIGUSR1, NULL, &now) != 0 || now.sa_handler == SIG_IGN;
}

#include "targets/state/section.h"
