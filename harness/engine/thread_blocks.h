/* SPDX-License-Identifier: MIT */
/*
 * Which modules have their thread-local variables allocated in a thread. The C library allocates
 * those of a module that was loaded later when they are first used: an address that a copy names is
 * true for the process that it was made from only if it was allocated there. Knows glibc's layout.
 */
#ifndef SIGSWEEP_ENGINE_THREAD_BLOCKS_H
#define SIGSWEEP_ENGINE_THREAD_BLOCKS_H

#include "harness/base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define THREAD_BLOCKS 256

struct thread_blocks {
	size_t count;
	uint64_t address[THREAD_BLOCKS]; /* by module; ~0 or 0: not allocated */
};

/*
 * Reads those of the thread whose control block is at `thread` (its fs_base). glibc
 * (sysdeps/x86_64/nptl/tls.h): the second word of the control block leads to {address, to free} of
 * module 0, 1, 2...; the first word of the pair before it says how many modules follow module 0,
 * whose own pair is none. -ENOTSUP: more than THREAD_BLOCKS; else as memory_read().
 */
int thread_blocks_read(pid_t pid, uint64_t thread, struct thread_blocks *blocks) MUST_CHECK;

/* Modules beyond the shorter of the two count as not allocated. */
bool thread_blocks_equal(const struct thread_blocks *left, const struct thread_blocks *right);

#endif
