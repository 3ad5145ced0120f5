/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section that has a temporary file: it stays in the folder. Until
 * it is closed, its descriptor is lost as well. The name is that of
 * the process that began, also in a copy of it. See section.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define BEFORE choose_name

static char path[64];

static void choose_name(void)
{
	snprintf(path, sizeof(path), "/tmp/sigsweep-state-%d", (int)getpid());
}

static inline __attribute__((always_inline)) void enter(void)
{
	close(open(path, O_CREAT | O_WRONLY, 0600));
}

static inline __attribute__((always_inline)) void leave(void)
{
	unlink(path);
}

static long look(void)
{
	return unlink(path) == 0;
}

#include "targets/state/section.h"
