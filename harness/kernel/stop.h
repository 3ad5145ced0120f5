/* SPDX-License-Identifier: MIT */
/*
 * What a wait status means. A pure function of the status: it asks the kernel nothing. The kinds
 * and what a consumer must do with each (ptrace(2), "Stopped states"):
 *
 *   exited    the process is gone with an exit status; nothing to resume
 *   killed    the process is gone, killed by a signal; nothing to resume
 *   syscall   at the entry or exit of a system call (PTRACE_O_TRACESYSGOOD); resume with signal 0
 *   event     a PTRACE_EVENT_* stop; resume with signal 0
 *   trap      SIGTRAP that is no event: a finished step, a breakpoint, or the program's own
 *   signal    a signal is about to be delivered (or, where PTRACE_GETSIGINFO fails with EINVAL, the
 *             thread is in a group stop); resume with that signal or with 0 to take it away
 */
#ifndef SIGSWEEP_KERNEL_STOP_H
#define SIGSWEEP_KERNEL_STOP_H

#include <sys/types.h>

enum stop_kind {
	STOP_EXITED,
	STOP_KILLED,
	STOP_SYSCALL,
	STOP_EVENT,
	STOP_TRAP,
	STOP_SIGNAL,
};

struct stop {
	pid_t tid;
	enum stop_kind kind;
	int signal; /* killed: by which; signal: which */
	int event;  /* PTRACE_EVENT_* */
	int status; /* exited: exit status */
	int raw;    /* as waitpid(2) gave it */
};

/* Classifies a status of waitpid(2) for `tid`. */
struct stop stop_classify(pid_t tid, int status);

#endif
