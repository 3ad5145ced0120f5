/* SPDX-License-Identifier: MIT */
/* A walker brought to one boundary and left there, stopped with the signal pending, for a debugger.
 */
#ifndef SIGSWEEP_MODEL_HANDOVER_H
#define SIGSWEEP_MODEL_HANDOVER_H

#include "harness/base/fail.h"
#include "harness/model/scenario.h"

#include <stdint.h>
#include <sys/types.h>

/*
 * Runs the scenario's program to boundary `index` (from 1) and lets go of it there, in state T with
 * the signal pending. It has its ordinary standard output and error, is not filtered, and dies with
 * this process (PR_SET_PDEATHSIG). The caller ends and reaps it. -ERANGE: there is no such
 * boundary.
 */
int handover_run(const struct scenario *scenario, uint64_t index, pid_t *pid) MUST_CHECK;

#endif
