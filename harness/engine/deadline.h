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

#include <sys/types.h>

/*
 * The process stands before the system call `number`, with its arguments in `registers`. A point in
 * time that has passed since `since` (clock_now()), or is about to, is moved a little ahead, for
 * there to be a sleep. One that is older is the program's own affair. 0, or -errno when the process
 * cannot be written.
 */
int deadline_renew(pid_t pid, long number, const struct registers *registers,
		   double since) MUST_CHECK;

#endif
