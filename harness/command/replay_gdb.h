/* SPDX-License-Identifier: MIT */
/* One boundary under gdb. */
#ifndef SIGSWEEP_COMMAND_REPLAY_GDB_H
#define SIGSWEEP_COMMAND_REPLAY_GDB_H

#include "harness/base/fail.h"
#include "harness/model/scenario.h"

#include <stdint.h>

/* Runs gdb on the program, stopped at the boundary with the signal pending; returns when gdb ends,
 * and ends the program then. -ENOENT: there is no gdb. */
int replay_gdb(const struct scenario *scenario, uint64_t index) MUST_CHECK;

#endif
