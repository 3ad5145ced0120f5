/* SPDX-License-Identifier: MIT */
/* What walker.c and walker_run.c share. */
#ifndef SIGSWEEP_ENGINE_WALKER_PRIVATE_H
#define SIGSWEEP_ENGINE_WALKER_PRIVATE_H

#include "harness/engine/walker.h"

/* Takes the breakpoint at `address` out of the walker, if there is one; it is not forgotten. */
int walker_lift_breakpoint(struct walker *walker, uint64_t address) MUST_CHECK;
/* Takes the traps out of a copy of the walker's memory. */
int walker_clean_traps(const struct walker *walker, pid_t copy) MUST_CHECK;
/* Forgets the traps: the memory that they were in is gone. */
void walker_forget_traps(struct walker *walker);
/* Puts those in that are not. */
int walker_plant_breakpoints(struct walker *walker) MUST_CHECK;

#endif
