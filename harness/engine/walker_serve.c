/* SPDX-License-Identifier: MIT */
/* What a walker's events mean, and how the others that it started are served while it is waited
 * for. */
#include "harness/engine/walker_private.h"
#include "harness/kernel/memory.h"
#include "harness/kernel/ptrace.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>

static int on_exec(struct walker *walker)
{
	int error;

	walker->breakpoint_count = 0; /* their bytes went with the old image */
	walker_forget_traps(walker);
	walker_forget_table(walker);
	walker->execed = true;
	/* Handlers become the default, the alternate stack is gone (execve(2)). */
	memset(&walker->guard->walker_signals, 0, sizeof(walker->guard->walker_signals));
	error = launch_after_exec(walker->launch, walker->pid);
	if (!error)
		error = walker_refresh(walker);
	if (!error && walker->marks)
		walker->marks->on_refresh(walker->marks->context, walker, true);
	return error;
}

static bool is_thread(const struct walker *walker, pid_t tid)
{
	const struct family_member *member = family_find(walker->family, tid);

	return member && member->pid == walker->pid && tid != walker->pid;
}

int walker_on_event(struct walker *walker, pid_t tid, int event)
{
	unsigned long message = 0;
	struct registers registers;

	switch (event) {
	case PTRACE_EVENT_SECCOMP:
		return guard_syscall(walker->guard, tid, &registers);
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		if (trace_event_message(tid, &message))
			return 0;
		if (!family_find(walker->family, (pid_t)message))
			family_adopt(walker->family, (pid_t)message);
		if (is_thread(walker, (pid_t)message) && !walker->allow_threads)
			walker->end = WALKER_THREADS;
		/* A child with memory of its own has the breakpoints, and nobody to look after
		 * them. It has not run yet: its first stop is still to come. */
		if (event == PTRACE_EVENT_FORK && (tid == walker->pid || is_thread(walker, tid)))
			return walker_clean_copy(walker, (pid_t)message);
		return 0;
	case PTRACE_EVENT_EXEC:
		return tid == walker->pid ? on_exec(walker) : 0;
	default:
		return 0;
	}
}

/* The breakpoint just behind which a thread, or a child that shares memory, stands; NULL: none. */
static const struct walker_breakpoint *breakpoint_met(const struct walker *walker,
						      const struct registers *registers)
{
	for (size_t i = 0; i < walker->breakpoint_count; i++)
		if (walker->breakpoints[i].is_planted &&
		    walker->breakpoints[i].address == registers_pc(registers) - BREAKPOINT_SIZE)
			return &walker->breakpoints[i];
	return NULL;
}

/* Takes another one over a breakpoint that is meant for the walker. *signal is 0 if it was one. */
static int step_over(struct walker *walker, pid_t tid, int *signal)
{
	const struct walker_breakpoint *met;
	struct registers registers;
	struct stop stop;
	uint64_t target;
	uint8_t shared;
	int error = trace_get_registers(tid, &registers);

	if (!error &&
	    walker_table_target(walker, registers_pc(&registers) - BREAKPOINT_SIZE, &target)) {
		*signal = 0;
		registers_set_pc(&registers, target);
		return trace_set_registers(tid, &registers);
	}

	met = error ? NULL : breakpoint_met(walker, &registers);
	if (!met)
		return error;
	*signal = 0;
	registers_set_pc(&registers, met->address);
	error = memory_write(tid, met->address, &met->saved, BREAKPOINT_SIZE);
	if (!error)
		error = trace_set_registers(tid, &registers);
	if (error || memory_read(walker->pid, met->address, &shared, BREAKPOINT_SIZE) ||
	    shared == *breakpoint_instruction)
		return error; /* a copy of its own, clean now */
	error = trace_resume(tid, TRACE_STEP, 0);
	if (!error)
		error = trace_wait(tid, 1, &stop);
	if (!error && stop.kind == STOP_SIGNAL)
		*signal = stop.signal;
	return error ? error
		     : memory_write(walker->pid, met->address, breakpoint_instruction,
				    BREAKPOINT_SIZE);
}

int walker_serve(struct walker *walker, const struct stop *stop)
{
	struct family_member *member = family_find(walker->family, stop->tid);
	int signal = 0;
	int error = 0;

	if (stop->kind == STOP_EXITED || stop->kind == STOP_KILLED) {
		family_remove(walker->family, stop->tid);
		return 0;
	}
	if (!member)
		member = family_adopt(walker->family, stop->tid);
	if (stop->kind == STOP_SIGNAL && stop->signal == SIGSTOP && member->is_fresh)
		member->is_fresh = false;
	else if (stop->kind == STOP_SIGNAL || stop->kind == STOP_TRAP)
		signal = stop->signal;
	else if (stop->kind == STOP_EVENT)
		error = walker_on_event(walker, stop->tid, stop->event);
	if (stop->kind == STOP_TRAP && member->owner == FAMILY_WALKER)
		error = step_over(walker, stop->tid, &signal);
	if (!error)
		error = trace_resume(stop->tid, TRACE_CONTINUE, signal);
	return error == -ESRCH ? 0 : error;
}
