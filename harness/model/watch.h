/* SPDX-License-Identifier: MIT */
/*
 * Breakpoints of the CPU in a trial, for oracles with ORACLE_NEEDS_WATCH: the trial's code stays as
 * it is and runs at full speed between hits. A hit is MOMENT_WATCHED, told to the oracle that set
 * the watch. All are gone with the trial.
 */
#ifndef SIGSWEEP_MODEL_WATCH_H
#define SIGSWEEP_MODEL_WATCH_H

#include "harness/kernel/ptrace.h"
#include "harness/model/trial.h"

/* The owner of the watches that follow the signal itself (went.h). */
#define WATCH_OF_WENT (SIZE_MAX - 1)

/*
 * Only from within on_stop(), from MOMENT_BEGUN on and while the process is alive. Address and size
 * as of trace_set_watch(). -EBUSY: all slots are taken, this oracle has to do without; -ENOTSUP:
 * the machine has none.
 */
int trial_watch(const struct trial *trial, enum trace_watch kind, uint64_t address, size_t size,
		unsigned int *slot) MUST_CHECK;

/* Gives a slot back. */
void trial_unwatch(const struct trial *trial, unsigned int slot);

#endif
