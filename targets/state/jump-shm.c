/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section that has a System V shared memory segment: it outlives the process. The
 * key is that of the process that began, also in a copy of it. See section.h.
 */
#include <sys/shm.h>
#include <unistd.h>

#define BEFORE choose_key

static key_t key;

static void choose_key(void)
{
	key = 0x53570000 + getpid();
}

static inline __attribute__((always_inline)) void enter(void)
{
	shmget(key, 4096, IPC_CREAT | 0600);
}

static inline __attribute__((always_inline)) void leave(void)
{
	shmctl(shmget(key, 0, 0), IPC_RMID, NULL);
}

/* Removes it as well: the ground truth runs this hundreds of times. */
static long look(void)
{
	int segment = shmget(key, 0, 0);

	return segment >= 0 && shmctl(segment, IPC_RMID, NULL) == 0;
}

#include "targets/state/section.h"
