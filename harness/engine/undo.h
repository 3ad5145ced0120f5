/* SPDX-License-Identifier: MIT */
/*
 * What a process changes in the file system by path, undone afterwards. The tracer stops a process
 * before each system call of the list (undo_syscalls) and shows it to the log; later the log is
 * rolled back to a mark. So a trial that unlinks a temporary file does not take it from the walker,
 * and a sweep leaves the file system as it found it.
 *
 * The log lives in one memfd, so that the parent of a worker that was killed can roll it back.
 */
#ifndef SIGSWEEP_ENGINE_UNDO_H
#define SIGSWEEP_ENGINE_UNDO_H

#include "harness/base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct undo;

/* System calls that change files by path (or descriptor: ftruncate, fchmod, ...), for a filter.
 * `flags_argument` >= 0: only where that argument has a bit of `flags_mask` (open, openat). */
struct undo_syscall {
	long number;
	int flags_argument;
	uint64_t flags_mask;
};
extern const struct undo_syscall undo_syscalls[];
extern const size_t undo_syscall_count;

/* A log over `log_fd` (a memfd made by undo_make_fd(), shared with the parent; not closed by it).
 */
int undo_make_fd(void) MUST_CHECK;
struct undo *undo_open(int log_fd);
void undo_close(struct undo *undo);

/*
 * To be called with `pid` stopped before it enters system call `number` with `arguments`: saves
 * what is about to be changed (contents up to a limit of 64 MiB a file). 0 also when the call will
 * fail or changes nothing. What cannot be undone (a device, a file too large) is remembered and
 * listed by undo_lost(). -errno only when the log itself failed (disk or memory full).
 */
int undo_before(struct undo *undo, pid_t pid, long number, const uint64_t arguments[6]) MUST_CHECK;

/* The log's present end, to roll back to. */
size_t undo_mark(const struct undo *undo);

/* Undoes everything after `mark`, latest first. Goes on past a step that fails; 0 or the first
 * error, whose sentence names the path. */
int undo_rollback(struct undo *undo, size_t mark) MUST_CHECK;

/* The paths that the log holds after `mark` and that exist now or existed then, for the fidelity
 * list and for the `leftovers` oracle: calls `each` with the path, whether it was there before, and
 * whether it is there now. */
void undo_each(const struct undo *undo, size_t mark,
	       void (*each)(void *context, const char *path, bool before, bool now), void *context);

/* Sentences on what could not be saved; NULL when n is past the last. */
const char *undo_lost(const struct undo *undo, size_t n);

#endif
