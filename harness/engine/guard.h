/* SPDX-License-Identifier: MIT */
/*
 * What stands between a target and the rest of the machine: the system calls of the filter stop
 * here before they run. Changes to files by path are shown to the undo log; a signal that a copy
 * sends to the process it believes to be, to its group or to its parent is turned to itself or held
 * back, since the process of that number is its walker or the harness.
 */
#ifndef SIGSWEEP_ENGINE_GUARD_H
#define SIGSWEEP_ENGINE_GUARD_H

#include "harness/base/fail.h"
#include "harness/engine/family.h"
#include "harness/engine/undo.h"
#include "harness/kernel/filter.h"
#include "harness/kernel/registers.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define GUARD_SIGNALS 65
#define GUARD_SEGMENTS 64

/* How a process receives its signals, as its own system calls said. */
struct guard_signals {
	struct guard_action {
		uint64_t handler; /* 0 default, 1 ignored */
		uint64_t flags;
	} actions[GUARD_SIGNALS];
	uint64_t stack; /* alternate signal stack; 0: none */
	uint64_t stack_size;
};

struct guard {
	struct undo *undo;
	struct family *family;
	pid_t walker;   /* 0: none yet */
	pid_t trial;    /* 0: none */
	pid_t harness;  /* the campaign's process; this process is its worker or itself */
	bool has_timer; /* the trial armed a timer (setitimer, alarm, timer_settime, ...) */
	bool walker_has_timer;
	bool walker_has_alarm;  /* one of its timers fires once: none of its signals may be lost */
	bool signalled_harness; /* somebody tried to signal its parent or everyone */
	bool signalled_walker_child;
	int turn_fd; /* locked (flock) while a trial has files changed by path, so that only one job
		      * at a time does; -1: there is only one */
	bool has_turn;
	bool walker_has_lock; /* it took or asked for a record lock (fcntl) */
	bool uses_shm;        /* somebody called shmget */
	/* Segments of the walker's that the trial removed: it is told so, and they are kept. */
	int removed_segments[GUARD_SEGMENTS];
	size_t removed_segment_count;
	struct guard_signals walker_signals; /* of the walker's first process since its exec */
	struct guard_signals trial_signals;  /* of the trial's first process */
};

/* The filter of everything that the guard wants to see, of a process's own end (exit_group), and,
 * where asked for, of the returns from signal handlers (rt_sigreturn). */
struct filter *guard_filter(bool with_returns);

/* To be called at a PTRACE_EVENT_SECCOMP stop of `tid`, before it is resumed. Gives the registers
 * there (registers_syscall() tells the call), for who wants to know. */
int guard_syscall(struct guard *guard, pid_t tid, struct registers *registers) MUST_CHECK;

/* Lets the other jobs' trials change files again: after this one's changes were undone. */
void guard_end_turn(struct guard *guard);

#endif
