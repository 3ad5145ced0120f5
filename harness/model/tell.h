/* SPDX-License-Identifier: MIT */
/* Tells the oracles what happens to a trial. Private to the trial: oracles do not see it. */
#ifndef SIGSWEEP_MODEL_TELL_H
#define SIGSWEEP_MODEL_TELL_H

#include "harness/model/oracle.h"
#include "harness/model/trial.h"

/* Each oracle that wants to know of the moment. */
void tell_oracles(struct trial *trial, enum oracle_moment moment);

/* Has a trial that stands at its boundary stop where MOMENT_FINALIZE is, if any oracle wants it. */
void tell_at_finalize(struct trial *trial);

/* A process of the trial has stopped with a trap: at the instruction that stands for
 * MOMENT_FINALIZE where the CPU has no breakpoints (what a trial forks has it too)? Then it is
 * taken out of this process, which stands before what was there. */
int tell_clear_finalize(struct trial *trial, pid_t pid, bool *was_there) MUST_CHECK;

/*
 * The trial's process has stopped with a trap: tells the oracles whose watches (watch.h) were hit.
 * *was_watch: any was; else the trap is the program's own. 0 or -errno.
 */
int tell_watches(struct trial *trial, bool *was_watch) MUST_CHECK;

#endif
