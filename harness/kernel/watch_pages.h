/* SPDX-License-Identifier: MIT */
/*
 * The pages of watched words, closed by mprotect(2), so that a thread whose watches are stepped
 * (watch_step.h) runs at its own speed until one of them is touched. Nobody but watch_step.c sees a
 * process while its pages are closed: they are opened at each stop, before anybody is told of it.
 *
 * System calls are made with the pages open, so that the thread has to be traced with
 * PTRACE_O_TRACESYSGOOD. Left alone, since the kernel writes there by itself: the stack (signal
 * frames), and what lies about the thread pointer (rseq(2)). Left alone also where a fault would do
 * more than to stop (SIGSEGV is blocked or ignored: kernel/signal.c, force_sig_info_to_task()),
 * processes of several threads, and those with filters of system calls of their own.
 */
#ifndef SIGSWEEP_KERNEL_WATCH_PAGES_H
#define SIGSWEEP_KERNEL_WATCH_PAGES_H

#include "harness/base/fail.h"
#include "harness/kernel/registers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WATCH_PAGES_MAX 16

struct watch_page {
	uint64_t address;
	int protection; /* as mprotect(2) takes it */
	bool is_unread; /* reads are watched too */
};

struct watch_page_word {
	uint64_t address;
	bool is_unread;
};

struct watch_pages {
	struct watch_page list[WATCH_PAGES_MAX];
	size_t count;
	uint64_t syscall_at; /* a syscall instruction in the process */
	bool is_known;       /* the rest holds for what is watched now */
	bool can_close;
};

/* Would it be stopped by the pages that were looked up? */
bool watch_pages_stop(const struct watch_pages *pages, uint64_t address, size_t size, bool writes);

/* Looks up the pages of these words, each within one page. The thread is stopped. */
void watch_pages_find(struct watch_pages *pages, pid_t tid, const struct registers *registers,
		      const struct watch_page_word *words, size_t count);

/* May a system call of this number change what was looked up? */
bool watch_pages_are_changed_by(long number);

/* The thread is stopped in user mode, and no signal is to be delivered.
 * An error: none is closed. */
int watch_pages_close(struct watch_pages *pages, pid_t tid) MUST_CHECK;

/* The thread is stopped in user mode, or at the delivery of a signal, which it still is
 * afterwards. -ESRCH: it is gone. */
int watch_pages_open(struct watch_pages *pages, pid_t tid) MUST_CHECK;

/* The thread is stopped at the entry of a system call: afterwards it stands before the instruction
 * that makes it. */
int watch_pages_open_at_entry(struct watch_pages *pages, pid_t tid) MUST_CHECK;

/* Is the stop by SIGSEGV one of these pages' doing? */
bool watch_pages_caused(const struct watch_pages *pages, pid_t tid);

#endif
