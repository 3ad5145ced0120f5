/* SPDX-License-Identifier: MIT */
/* What watch_step.c and watch_code.c share: a thread whose watches are made without the CPU's help.
 */
#ifndef SIGSWEEP_KERNEL_WATCH_STEP_PRIVATE_H
#define SIGSWEEP_KERNEL_WATCH_STEP_PRIVATE_H

#include "harness/kernel/ptrace_private.h"
#include "harness/kernel/watch_pages.h"
#include "harness/kernel/watch_step.h"

struct watch {
	bool is_set;
	enum trace_watch kind;
	uint64_t address;
	size_t size;
	uint8_t saved; /* WATCH_EXECUTE: what stands there, while is_planted */
	bool is_planted;
};

struct stepped {
	pid_t tid; /* 0: free */
	struct watch watches[TRACE_WATCHES_MAX];
	unsigned int hits; /* not taken yet */

	enum trace_resume how; /* as it was to go on */
	bool is_stepping;      /* what is under way is a step of ours */
	bool is_in_kernel;     /* stopped within a system call */
	unsigned int coming;   /* the slots that the instruction under way will hit */
	uint64_t pc_before;
	bool may_stay; /* it may leave the pc where it is: a repeated one, a jump to itself */
	bool pushes_flags;
	bool is_breakpoint; /* an int3 of somebody else's */

	struct watch_step_cost cost; /* of stretches that are over */
	uint64_t cpu_began;          /* of this one; 0: it is not stepped now */
	double began;
	bool is_lost;

	struct watch_pages pages;
	unsigned int calm; /* steps since a watched page was touched */
	bool is_free;      /* running, its pages closed */
};

/* Puts a breakpoint where a watch on code is, and takes it out again; nothing where it is so
 * already. -errno. */
int watch_code_plant(pid_t tid, struct watch *watch) MUST_CHECK;
int watch_code_lift(pid_t tid, struct watch *watch) MUST_CHECK;

/* Those that were lifted for a step off them go in again, but for one at the pc. */
void watch_code_plant_all(struct stepped *stepped, uint64_t pc);
/* Is there one where the thread stands? It is out for the step then. */
bool watch_code_step_off(struct stepped *stepped);

/* The slots of code that starts at the pc. */
unsigned int watch_code_hits(const struct stepped *stepped, uint64_t pc);
/* Did it run onto one? Then it is brought back before it, and the hit is noted. */
bool watch_code_meet(struct stepped *stepped, struct registers *registers);

/* The thread is stopped at its fork: the child has the breakpoints, and nobody who looks after
 * them. */
void watch_code_clean_child(const struct stepped *stepped);

#endif
