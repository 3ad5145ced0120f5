/* SPDX-License-Identifier: MIT */
/* Tries out whether the breakpoints of the CPU work on this machine. */
#ifndef SIGSWEEP_KERNEL_WATCH_PROBE_H
#define SIGSWEEP_KERNEL_WATCH_PROBE_H

#include <stdbool.h>

/* Tried at the first call (about a millisecond, a child that is gone again), kept after it. */
bool watch_probe(void);

#endif
