/* SPDX-License-Identifier: MIT */
/* What the files around ptrace(2) share: requests as they are, and watches in both their forms. */
#ifndef SIGSWEEP_KERNEL_PTRACE_PRIVATE_H
#define SIGSWEEP_KERNEL_PTRACE_PRIVATE_H

#include "harness/kernel/ptrace.h"

#include <stddef.h>

/* trace_resume() without a look at watches that are stepped. */
int trace_resume_plain(pid_t tid, enum trace_resume how, int signal) MUST_CHECK;

/* A word of the thread's `struct user`. */
int trace_peek_user(pid_t tid, size_t offset, uint64_t *value) MUST_CHECK;
int trace_poke_user(pid_t tid, size_t offset, uint64_t value) MUST_CHECK;

/* Is the thread stopped at the entry of a system call, not at its exit? (PTRACE_GET_SYSCALL_INFO,
 * Linux 5.3; false where that is not known.) */
bool trace_is_at_entry(pid_t tid);

/* Where the thread's restartable sequence lies, `end` exclusive; both equal: it has none. Unchanged
 * on errors: -EIO where the kernel does not say (PTRACE_GET_RSEQ_CONFIGURATION, Linux 5.13). */
int trace_get_rseq(pid_t tid, uint64_t *start, uint64_t *end) MUST_CHECK;

/* The stop that trace_wait() has given last. */
const struct stop *trace_last_stop(void);

/*
 * Watches without the CPU's help (watch_step.c). Each has the contract of its namesake in ptrace.h.
 * watch_step_resume(): false where the thread has no such watches, and nothing was done.
 * watch_step_absorb(): true where the stop is nobody's business and the thread goes on already.
 */
int watch_step_set(pid_t tid, unsigned int slot, enum trace_watch kind, uint64_t address,
		   size_t size) MUST_CHECK;
int watch_step_clear(pid_t tid, unsigned int slot) MUST_CHECK;
unsigned int watch_step_take(pid_t tid);
bool watch_step_resume(pid_t tid, enum trace_resume how, int signal, int *error);
bool watch_step_absorb(const struct stop *stop);

#endif
