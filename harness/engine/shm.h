/* SPDX-License-Identifier: MIT */
/* System V shared memory that a process leaves behind: it outlives its maker (shmget(2)). */
#ifndef SIGSWEEP_ENGINE_SHM_H
#define SIGSWEEP_ENGINE_SHM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Did process `pid` create the segment? */
bool shm_is_of(int id, pid_t pid);

/* How many segments that `pid` created there are, but for those in `except`. */
size_t shm_count_of(pid_t pid, const int *except, size_t except_count);

/* Removes the segments that process `pid` created and that still are; their number. */
size_t shm_remove_of(pid_t pid);

#endif
