/* SPDX-License-Identifier: MIT */
/*
 * System calls that sleep until a point in time, not for a length: clock_nanosleep() with
 * TIMER_ABSTIME, as Python's time.sleep() from 3.11 on, and futex() as it is below
 * pthread_cond_timedwait() and sem_clockwait(). While trials are made the walker stands, and the
 * point may pass that the program has asked for before: then there is no sleep to be interrupted.
 */
#ifndef SIGSWEEP_ENGINE_DEADLINE_H
#define SIGSWEEP_ENGINE_DEADLINE_H

#include "harness/base/fail.h"
#include "harness/kernel/registers.h"

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct deadline {
	uint64_t address; /* 0: nothing was moved */
	struct timespec original;
};

/*
 * A copy stands at the entry of a system call. A point in time that has passed since `since`
 * (clock_now()), or is about to, is moved a little ahead, for there to be a sleep; one that is
 * older is the program's own affair. What cannot be written stays. deadline_restore() puts it back,
 * for the program to go on as it would: the memory is its own. 0, or -errno when it cannot.
 */
void deadline_renew(struct deadline *deadline, pid_t pid, const struct registers *registers,
		    double since);
int deadline_restore(struct deadline *deadline, pid_t pid) MUST_CHECK;

#endif
