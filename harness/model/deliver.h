/* SPDX-License-Identifier: MIT */
/*
 * Giving the signal to a copy, and proof of how it arrived. What was not delivered is no trial.
 */
#ifndef SIGSWEEP_MODEL_DELIVER_H
#define SIGSWEEP_MODEL_DELIVER_H

#include "harness/base/fail.h"
#include "harness/kernel/stop.h"
#include "harness/model/trial.h"

#include <stdbool.h>

/*
 * The copy stands at its boundary. Afterwards trial->delivery says how the signal arrived; the copy
 * stands (stopped) before the handler's first instruction, or at the stop in *stop that the caller
 * settles (*has_stop), or is stopped ready to be continued.
 */
int deliver_signal(struct trial *trial, struct stop *stop, bool *has_stop) MUST_CHECK;

/* The same for a signal stop that came later in a copy that had blocked the signal. */
int deliver_late(struct trial *trial, struct stop *stop, bool *has_stop) MUST_CHECK;

/* Lets the copy go into the system call before which it stands: does it sleep there? It is left
 * asleep, or stopped when the call returned. */
int deliver_try_syscall(struct trial *trial, bool *blocks) MUST_CHECK;

#endif
