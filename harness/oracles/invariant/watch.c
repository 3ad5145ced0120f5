/* SPDX-License-Identifier: MIT */
/*
 * Follows a run: announcements are kept by the walker's marks (announced.h), a breakpoint stops it
 * at the window's end, and its exit_group at its own.
 */
#include "harness/oracles/invariant/invariant.h"

#include "harness/base/alloc.h"

#include <stdlib.h>

static void look(struct invariant_run *run, enum invariant_due due)
{
	const struct announced *announced = run->in_force;

	run->came[due] = true;
	run->is_cut |= announced->is_cut;
	for (size_t i = 0; i < announced->invariant_count; i++) {
		struct invariant_fault fault = {.invariant = announced->invariants[i], .due = due};

		fault.is_gone =
			invariant_look(&fault.invariant, run->follow.walker->pid, &fault.look) != 0;
		if (fault.look.holds)
			continue;
		alloc_grow((void **)&run->faults, run->fault_count, &run->fault_capacity,
			   sizeof(*run->faults));
		run->faults[run->fault_count++] = fault;
	}
	fail_clear();
}

/* Is the handler's signal frame still on the stack? The end is not the program's own then. */
static bool is_in_handler(const struct invariant_run *run)
{
	struct walker *walker = run->follow.walker;
	const struct registers *registers;
	struct frame frames[TRIAL_FRAMES];
	bool complete;
	size_t count;

	if (!run->handler_sp || run->follow.has_returned || walker_registers(walker, &registers))
		return false;
	count = unwind_stack(walker->unwinder, walker->pid, registers, frames, TRIAL_FRAMES,
			     &complete);
	for (size_t i = 1; i < count; i++)
		if (frames[i].is_signal_frame &&
		    frames[i - 1].cfa == run->handler_sp + sizeof(uint64_t))
			return true;
	return false;
}

/* The window ends the first time that the program comes by. */
static int on_breakpoint(void *context)
{
	struct invariant_run *run = context;

	for (size_t i = 0; i < run->end_count && !run->came[DUE_WINDOW_END]; i++)
		if (run->ends[i] == run->follow.walker->pc && !is_in_handler(run))
			look(run, DUE_WINDOW_END);
	return 0;
}

/* A library that is not there has no breakpoint. */
static void plant(const struct invariant_run *run)
{
	for (size_t i = 0; i < run->end_count; i++)
		if (walker_add_breakpoint(run->follow.walker, run->ends[i]))
			fail_clear();
}

int invariant_run_on(struct invariant_run *run, struct walker *walker)
{
	int error;

	run->follow.walker = walker;
	run->follow.context = run;
	run->follow.on_breakpoint = on_breakpoint;
	plant(run);
	error = follow_run(&run->follow);
	if (!error && run->follow.is_at_exit)
		look(run, DUE_PROGRAM_END);
	return error;
}

static int drive(void *context, struct walker *follower, const struct trial *trial)
{
	struct invariant_run *run = context;
	int error;

	run->handler_sp = trial->handler_sp;
	announced_copy(&run->announced, &trial->stage->announced);
	announced_follow(&run->announced, follower);
	run->in_force = &run->announced;
	error = invariant_run_on(run, follower);
	run->follow.walker = NULL;
	return error;
}

int invariant_retrace(struct invariant_run *run, struct stage *stage,
		      const struct boundary *boundary, double limit)
{
	const struct retrace retrace = {
		.with_signal = true, .limit = limit, .drive = drive, .context = run};

	return retrace_run(&retrace, stage, boundary);
}

void invariant_run_free(struct invariant_run *run)
{
	announced_free(&run->announced);
	free(run->faults);
	run->faults = NULL;
	run->fault_count = 0;
}
