/* SPDX-License-Identifier: MIT */
/* Time that only goes on: for limits, rates and patience, never for a report's contents. */
#ifndef SIGSWEEP_BASE_CLOCK_H
#define SIGSWEEP_BASE_CLOCK_H

#include <stdint.h>
#include <sys/types.h>

/* Seconds of CLOCK_MONOTONIC (clock_gettime(2)). */
double clock_now(void);

/* Nanoseconds that a process has had on the CPU, all its threads together, in user mode and in the
 * kernel (clock_getcpuclockid(3)); 0 when it is gone. */
uint64_t clock_of_process(pid_t pid);

#endif
