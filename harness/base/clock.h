/* SPDX-License-Identifier: MIT */
/* Time that only goes on: for limits, rates and patience, never for a report's contents. */
#ifndef SIGSWEEP_BASE_CLOCK_H
#define SIGSWEEP_BASE_CLOCK_H

/* Seconds of CLOCK_MONOTONIC (clock_gettime(2)). */
double clock_now(void);

#endif
