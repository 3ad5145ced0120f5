/* SPDX-License-Identifier: MIT */
/*
 * How a walker runs: each way resumes it, waits while serving what else it started, and settles
 * every stop until it stands where it was to go or has ended.
 */
#include "harness/engine/walker_private.h"

#include "harness/engine/freeze.h"
#include "harness/kernel/memory.h"
#include "harness/kernel/ptrace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATIENT_STEPS 1024
#define LONGEST_PATIENCE 0.1 /* seconds between two looks at a call that blocks */

static int look_asleep(struct walker *walker)
{
	size_t count;
	pid_t *pids = family_processes(walker->family, FAMILY_WALKER, &count);
	int error;

	asleep_free(&walker->asleep);
	error = asleep_prove(pids, count, NULL, 0, walker->guard->walker_has_timer, walker->limit,
			     &walker->asleep);
	free(pids);
	if (!error && walker->asleep.verdict >= ASLEEP_LONG)
		walker->end = WALKER_STUCK;
	return error;
}

/* Waits for the walker's own next stop. A call that may block is looked at from time to time: where
 * it is proved asleep for ever, `end` says so and it is left asleep. */
static int wait_main(struct walker *walker, bool may_block, struct stop *stop)
{
	const bool is_alone = walker->family->count == 1;
	double slice = may_block || !is_alone ? walker->patience : -1;
	double waited = 0;

	for (;;) {
		int error = trace_wait(is_alone ? walker->pid : -1, slice, stop);

		if (!error && stop->tid == walker->pid)
			return 0;
		if (!error)
			error = walker_serve(walker, stop);
		if (error == -ETIMEDOUT) {
			waited += slice;
			error = look_asleep(walker);
			if (error || walker->end != WALKER_RUNS)
				return error;
			if (walker->limit > 0 && waited > walker->limit)
				return fail(
					-ETIMEDOUT,
					"%s did not go on within %.1f s; give more with --timeout",
					walker->launch->program, walker->limit);
			slice = slice * 2 > LONGEST_PATIENCE ? LONGEST_PATIENCE : slice * 2;
		}
		if (error)
			return error;
	}
}

static void note_end(struct walker *walker, const struct stop *stop)
{
	family_remove(walker->family, walker->pid);
	walker->end = stop->kind == STOP_EXITED ? WALKER_EXITED : WALKER_KILLED;
	walker->exit_status = stop->status;
	walker->exit_signal = stop->signal;
}

/* A SIGTRAP that no step or breakpoint of ours made: int3 of the program, or a signal sent to it.
 */
static bool is_own_trap(struct walker *walker, uint64_t pc_before, uint32_t flags)
{
	siginfo_t info;

	/* A system call may send one, which then stands for the step's own as well. */
	if (!(flags & (INSTRUCTION_TRAP | INSTRUCTION_SYSCALL)) && walker->pc != pc_before)
		return false;
	if (flags & INSTRUCTION_REPEAT)
		return false;
	if (trace_get_siginfo(walker->pid, &info))
		return false;
	return info.si_code <= 0 || info.si_code == SI_KERNEL;
}

static struct walker_breakpoint *breakpoint_at(struct walker *walker, uint64_t address)
{
	for (size_t i = 0; i < walker->breakpoint_count; i++)
		if (walker->breakpoints[i].address == address && walker->breakpoints[i].is_planted)
			return &walker->breakpoints[i];
	return NULL;
}

/* Lets it go on from another address. */
static int jump_to(struct walker *walker, uint64_t target)
{
	const struct registers *registers;
	struct registers there;
	int error = walker_registers(walker, &registers);

	if (error)
		return error;
	there = *registers;
	registers_set_pc(&there, target);
	return walker_set_registers(walker, &there);
}

/* After a SIGTRAP in a run: at a breakpoint the pc is set back onto it. */
static int settle_trap(struct walker *walker, bool *at_breakpoint)
{
	const struct registers *registers;
	uint64_t target;
	int error = walker_registers(walker, &registers);

	if (error)
		return error;
	target = registers_pc(registers) - BREAKPOINT_SIZE;
	*at_breakpoint = walker_table_target(walker, target, &target) ||
			 breakpoint_at(walker, target) != NULL || walker_is_trapped(walker, target);
	if (!*at_breakpoint)
		return 0;
	error = jump_to(walker, target);
	return error ? error : walker_lift_breakpoint(walker, walker->pc);
}

struct course {
	enum trace_resume how;
	uint32_t flags; /* of the instruction stepped */
	uint64_t pc_before;
	bool is_done;
	bool at_breakpoint;
};

/* In a system call that was interrupted and has not come back to the program yet: the kernel starts
 * it again, or makes it fail with EINTR, once the signal that waits has been seen to. */
static bool is_in_restart(struct walker *walker, uint32_t flags)
{
	const struct registers *registers;

	return flags & INSTRUCTION_SYSCALL && walker_registers(walker, &registers) == 0 &&
	       registers_will_restart(registers);
}

static int settle_step(struct walker *walker, struct course *course)
{
	uint64_t target;
	int error = trace_get_pc(walker->pid, &walker->pc);

	if (error)
		return error;
	if (is_in_restart(walker, course->flags))
		return trace_resume(walker->pid, course->how, 0);
	if (is_own_trap(walker, course->pc_before, course->flags))
		return walker_deliver(walker, course->how, SIGTRAP);
	course->is_done = true;
	return walker_table_target(walker, walker->pc, &target) ? jump_to(walker, target) : 0;
}

/* The end of a step that was under way in a system call when something else was asked for: an int3
 * of the program has SI_KERNEL, one that was sent has SI_USER or less. */
static bool is_late_step(const struct walker *walker)
{
	siginfo_t info;

	return trace_get_siginfo(walker->pid, &info) == 0 &&
	       (info.si_code == TRAP_BRKPT || info.si_code == TRAP_TRACE);
}

bool walker_is_on_breakpoint(const struct walker *walker)
{
	for (size_t i = 0; i < walker->breakpoint_count; i++)
		if (walker->breakpoints[i].address == walker->pc)
			return true;
	return false;
}

/* Slots of the CPU's that were hit; `watched` has them. */
static int take_watched(struct walker *walker)
{
	int error = 0;

	walker->watched = 0;
	if (walker->watches)
		error = trace_take_watch_hits(walker->pid, &walker->watched);
	walker->watched &= walker->watches;
	return error;
}

static int settle_run_trap(struct walker *walker, struct course *course)
{
	int error = 0;

	/* A step (drop_tick()) onto a table's trap seems to stand behind the one before it. */
	if (!walker->ticks_lost || !is_late_step(walker))
		error = settle_trap(walker, &course->at_breakpoint);
	if (!error)
		error = take_watched(walker);
	course->is_done = course->at_breakpoint || walker->watched;
	if (!error && course->is_done)
		error = trace_get_pc(walker->pid, &walker->pc);
	if (error || course->is_done)
		return error;
	return is_late_step(walker) || trace_is_stray_watch(walker->pid)
		       ? trace_resume(walker->pid, course->how, 0)
		       : walker_deliver(walker, course->how, SIGTRAP);
}

/* One stop of the walker itself: resumed, unless the course is done. */
static int settle(struct walker *walker, struct course *course, const struct stop *stop)
{
	int error;

	walker->registers_known = false;
	switch (stop->kind) {
	case STOP_EXITED:
	case STOP_KILLED:
		note_end(walker, stop);
		return 0;
	case STOP_EVENT:
		error = walker_on_event(walker, walker->pid, stop->event);
		if (error || walker->end != WALKER_RUNS)
			return error;
		if (stop->event == PTRACE_EVENT_EXEC && course->how != TRACE_STEP)
			walker->in_syscall = true;
		if (stop->event == PTRACE_EVENT_EXEC && walker->stop_at_exec) {
			course->is_done = true;
			return trace_get_pc(walker->pid, &walker->pc);
		}
		return trace_resume(walker->pid, course->how, 0);
	case STOP_SYSCALL:
		walker->in_syscall = !walker->in_syscall;
		if (course->how != TRACE_SYSCALL) /* a call that slept when it was let go */
			return trace_resume(walker->pid, course->how, 0);
		course->is_done = true;
		return trace_get_pc(walker->pid, &walker->pc);
	case STOP_TRAP:
		return course->how == TRACE_STEP ? settle_step(walker, course)
						 : settle_run_trap(walker, course);
	case STOP_SIGNAL:
		return walker_deliver(walker, course->how, stop->signal);
	}
	return 0;
}

/* While it only computes, what it started stays still, so that it need not be stopped and saved
 * anew at each boundary; but it may be waiting for them, in memory that they share. */
static bool lets_others_go(const struct walker *walker, const struct course *course)
{
	return course->how != TRACE_STEP ||
	       (course->flags & (INSTRUCTION_SYSCALL | INSTRUCTION_OTHER_GATE)) ||
	       walker->steps % PATIENT_STEPS == 0;
}

static int follow(struct walker *walker, struct course *course, bool may_block)
{
	int error;

	walker->moves++;
	walker_release_signals(walker);
	if (lets_others_go(walker, course))
		freeze_end(walker);
	error = trace_resume(walker->pid, course->how, 0);
	while (!error && !course->is_done && walker->end == WALKER_RUNS) {
		struct stop stop;

		error = wait_main(walker, may_block, &stop);
		if (!error && walker->end == WALKER_RUNS)
			error = settle(walker, course, &stop);
	}
	if (!error && walker->is_mask_lent && walker->end == WALKER_RUNS)
		error = trace_set_mask(walker->pid, walker->mask_lent);
	walker->is_mask_lent = false;
	if (error == -ESRCH || error == -ECHILD) {
		/* Gone between two looks: its exit status is still to be had, or somebody else's.
		 */
		struct stop stop;

		if (trace_wait(walker->pid, 1, &stop) == 0 &&
		    (stop.kind == STOP_EXITED || stop.kind == STOP_KILLED))
			note_end(walker, &stop);
		else
			walker->end = WALKER_LOST;
		error = 0;
	}
	return error;
}

/* What a system call about to be stepped will change of what the walker knows. */
static int foresee_syscall(struct walker *walker, bool *sets_mask)
{
	const struct registers *registers;
	const struct mapping *mapping;
	int error = walker_registers(walker, &registers);

	if (error)
		return error;
	walker->syscalls++;
	walker->pending_known = false;
	*sets_mask = registers_syscall_about_to_run(registers) == SYS_rt_sigprocmask ||
		     registers_syscall_about_to_run(registers) == SYS_rt_sigreturn;
	if (registers_syscall_about_to_run(registers) == SYS_munmap) {
		mapping = maps_find(&walker->maps, registers_syscall_argument(registers, 0));
		walker->maps_stale |= mapping && mapping->executable;
	}
	return 0;
}

int walker_step(struct walker *walker)
{
	const struct code_entry *code = walker_code(walker);
	struct course course = {
		.how = TRACE_STEP, .flags = code->instruction.flags, .pc_before = walker->pc};
	const size_t length = code->instruction.length;
	const bool is_syscall = course.flags & (INSTRUCTION_SYSCALL | INSTRUCTION_OTHER_GATE);
	bool sets_mask = false;
	bool was_blocked = false;
	int error = is_syscall ? foresee_syscall(walker, &sets_mask) : 0;

	if (!error && !sets_mask)
		error = walker_unblock_trap(walker, &was_blocked);
	if (!error)
		error = follow(walker, &course, is_syscall);
	if (!error && was_blocked && walker->end == WALKER_RUNS)
		error = walker_block_trap(walker->pid);
	walker->registers_known = false;
	walker->steps++;
	if (!error && walker->marks && walker->end == WALKER_RUNS)
		walker_pass_marks(walker, course.pc_before, length);
	if (!error && walker->end == WALKER_RUNS && (course.flags & INSTRUCTION_PUSH_FLAGS)) {
		const struct registers *registers;

		error = walker_registers(walker, &registers);
		if (!error)
			error = trace_clear_trap_flag(walker->pid, registers_sp(registers));
	}
	return error;
}

/* A breakpoint where it stands would not let it go: a step first, with it out, which may hit a
 * watch (`watched`). */
static int step_off(struct walker *walker)
{
	int error = 0;

	walker->watched = 0;
	if (walker_is_on_breakpoint(walker)) {
		error = walker_lift_breakpoint(walker, walker->pc);
		if (!error)
			error = walker_step(walker);
		if (!error && walker->end == WALKER_RUNS)
			error = take_watched(walker);
	}
	if (!error && walker->end == WALKER_RUNS) {
		walker_plant_marks(walker);
		error = walker_plant_breakpoints(walker);
	}
	return error;
}

static int run_once(struct walker *walker)
{
	struct course course = {.how = TRACE_CONTINUE};
	int error = step_off(walker);

	if (error || walker->end != WALKER_RUNS)
		return error;
	walker->syscalls++;
	walker->pending_known = false;
	walker->in_syscall = false;
	return follow(walker, &course, true);
}

int walker_run(struct walker *walker)
{
	int lifted;
	int error;

	do
		error = run_once(walker);
	while (!error && walker_is_on_mark(walker));
	lifted = walker_lift_marks(walker);
	return error ? error : lifted;
}

static int run_syscall_once(struct walker *walker, bool *at_breakpoint)
{
	struct course course = {.how = TRACE_SYSCALL};
	int error = 0;

	*at_breakpoint = false;
	walker->watched = 0;
	if (!walker->in_syscall)
		error = step_off(walker);
	if (error || walker->end != WALKER_RUNS || walker->watched)
		return error;
	walker->syscalls += walker->in_syscall;
	walker->pending_known = false;
	error = follow(walker, &course, true);
	*at_breakpoint = course.at_breakpoint;
	return error;
}

int walker_run_syscall(struct walker *walker, bool *at_breakpoint)
{
	int lifted;
	int error;

	do
		error = run_syscall_once(walker, at_breakpoint);
	while (!error && *at_breakpoint && !walker->watched && walker_is_on_mark(walker));
	lifted = walker_lift_marks(walker);
	return error ? error : lifted;
}

int walker_finish(struct walker *walker)
{
	walker_clear_breakpoints(walker);
	walker->allow_threads = true;
	walker->marks = NULL;
	while (walker->end == WALKER_RUNS) {
		int error = walker_run(walker);

		if (error)
			return error;
	}
	return 0;
}

int walker_wake(struct walker *walker, int signal)
{
	struct course course = {.how = TRACE_CONTINUE};
	int error = 0;

	walker->end = WALKER_RUNS;
	walker->allow_threads = true;
	walker->syscalls++;
	freeze_end(walker);
	if (kill(walker->pid, signal) < 0)
		return -errno;
	while (!error && walker->end == WALKER_RUNS) {
		struct stop stop;

		error = wait_main(walker, true, &stop);
		if (!error && walker->end == WALKER_RUNS)
			error = settle(walker, &course, &stop);
	}
	return error;
}
