/* SPDX-License-Identifier: MIT */
/*
 * As jump-descriptor, but for a while the open file is declared harmless. The region begins and
 * ends between system calls, where a sweep of system calls runs at full speed. See section.h.
 */
#include "include/sigsweep.h"

#include <fcntl.h>
#include <unistd.h>

static volatile int file = -1;

static inline __attribute__((always_inline)) void enter(void)
{
	file = open("/dev/null", O_RDONLY);
	getppid();
	SIGSWEEP_BENIGN_BEGIN("it is closed with the process");
	getppid();
}

static inline __attribute__((always_inline)) void leave(void)
{
	SIGSWEEP_BENIGN_END();
	getppid();
	close(file);
	file = -1;
}

static long look(void)
{
	return fcntl(3, F_GETFD) != -1;
}

#include "targets/state/section.h"
