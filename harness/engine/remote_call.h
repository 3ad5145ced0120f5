/* SPDX-License-Identifier: MIT */
/*
 * Calling a function in a stopped process that is ours to spoil: a copy that nobody needs any more,
 * or a trial whose end has been read. It is not put back afterwards.
 */
#ifndef SIGSWEEP_ENGINE_REMOTE_CALL_H
#define SIGSWEEP_ENGINE_REMOTE_CALL_H

#include "harness/base/fail.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Calls the function at `address` with up to six integer arguments, on the process's own stack
 * below its red zone, and gives its integer result. System calls that the guard's filter stops are
 * let through. -EFAULT: it crashed; -ETIMEDOUT: it did not return within `limit` seconds (the
 * process must be killed then); -ESRCH: it ended.
 */
int remote_call(pid_t tid, uint64_t address, const uint64_t *arguments, size_t count, double limit,
		uint64_t *result) MUST_CHECK;

#endif
