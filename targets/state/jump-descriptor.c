/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section that has a file open: its descriptor is lost. See section.h.
 */
#include <fcntl.h>
#include <unistd.h>

static int fd;

static inline __attribute__((always_inline)) void enter(void)
{
	fd = open("/dev/null", O_RDONLY);
}

static inline __attribute__((always_inline)) void leave(void)
{
	close(fd);
}

static long look(void)
{
	return fcntl(3, F_GETFD) >= 0;
}

#include "targets/state/section.h"
