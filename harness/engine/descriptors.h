/* SPDX-License-Identifier: MIT */
/*
 * What a copy of a process shares with it through descriptors: file offsets, contents of files open
 * for writing, bytes in pipes, sockets and eventfds. Saved before a trial, put back after it,
 * through the harness's own duplicates (pidfd_getfd(2)), so that the target executes nothing for
 * it.
 */
#ifndef SIGSWEEP_ENGINE_DESCRIPTORS_H
#define SIGSWEEP_ENGINE_DESCRIPTORS_H

#include "harness/base/fail.h"

#include <stddef.h>
#include <sys/types.h>

struct descriptors;

struct descriptors *descriptors_new(void);
void descriptors_free(struct descriptors *descriptors);

/*
 * Takes duplicates of the descriptors of `pid` (stopped) and saves their state: offsets of regular
 * files, contents of regular files open for writing (up to 64 MiB each, a file unchanged since the
 * last save is not copied again), bytes waiting in pipes, socket pairs, eventfds. To be called when
 * the walker has executed a system call since the last time; cheap when nothing changed (a table of
 * 10 descriptors: tens of microseconds). `skip_fd`s are the harness's own capture files, identified
 * by device and inode, which the caller looks after.
 */
int descriptors_save(struct descriptors *descriptors, pid_t pid, const int *skip_fds,
		     size_t skip_count) MUST_CHECK;

/* Puts everything back as saved; after each trial, so it must cost about a microsecond for each
 * descriptor that has anything to restore and nothing for the rest. */
int descriptors_restore(struct descriptors *descriptors) MUST_CHECK;

/* Calls `each` with a kind ("socket", "pipe", "shared-memory", "terminal", "file-lock", ...) and a
 * sentence for what cannot be put back in the process as it was at the last save. */
void descriptors_fidelity(const struct descriptors *descriptors,
			  void (*each)(void *context, const char *kind, const char *text),
			  void *context);

#endif
