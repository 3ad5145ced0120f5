/* SPDX-License-Identifier: MIT */
/* What the files of the walker share. */
#ifndef SIGSWEEP_ENGINE_WALKER_PRIVATE_H
#define SIGSWEEP_ENGINE_WALKER_PRIVATE_H

#include "harness/engine/walker.h"
#include "harness/kernel/ptrace.h"

/* Takes the breakpoint at `address` out of the walker, if there is one; it is not forgotten. */
int walker_lift_breakpoint(struct walker *walker, uint64_t address) MUST_CHECK;
/* Takes the traps out of a copy of the walker's memory. */
int walker_clean_traps(const struct walker *walker, pid_t copy) MUST_CHECK;
/* Forgets the traps: the memory that they were in is gone. */
void walker_forget_traps(struct walker *walker);
/* The same of a table that is hooked. */
int walker_clean_table(const struct walker *walker, pid_t copy) MUST_CHECK;
void walker_forget_table(struct walker *walker);
/* Does a trap of the table stand at `pc`? Where its entry leads. */
bool walker_table_target(const struct walker *walker, uint64_t pc, uint64_t *target);
/* Puts those in that are not. */
int walker_plant_breakpoints(struct walker *walker) MUST_CHECK;

/* Marks are breakpoints only while the walker runs: put in before, taken out behind each run. */
void walker_plant_marks(struct walker *walker);
int walker_lift_marks(struct walker *walker) MUST_CHECK;
/* Has a run stopped for nothing but a mark? */
bool walker_is_on_mark(const struct walker *walker);
/* Behind a step from `before` over an instruction of this length: tells whoever has marked it. */
void walker_pass_marks(struct walker *walker, uint64_t before, size_t length);

/* At an event of one of the walker's threads or children: what it means for the walker. */
int walker_on_event(struct walker *walker, pid_t tid, int event) MUST_CHECK;

/* Lets the walker, which is stopped for a signal of its own, go on with that signal. */
int walker_deliver(struct walker *walker, enum trace_resume how, int signal) MUST_CHECK;

#endif
