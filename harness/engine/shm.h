/* SPDX-License-Identifier: MIT */
/* System V shared memory that a process leaves behind: it outlives its maker (shmget(2)). */
#ifndef SIGSWEEP_ENGINE_SHM_H
#define SIGSWEEP_ENGINE_SHM_H

#include <stddef.h>
#include <sys/types.h>

/* Removes the segments that process `pid` created and that still are; their number. */
size_t shm_remove_of(pid_t pid);

#endif
