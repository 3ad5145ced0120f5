/* SPDX-License-Identifier: MIT */
/* See inspect.h. */
#include "harness/model/inspect.h"

#include "harness/kernel/memory.h"
#include "harness/kernel/procfs.h"
#include "harness/kernel/ptrace.h"
#include "harness/model/deliver.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#define STEP_LIMIT 0.5 /* seconds that one instruction may take: a system call that blocks */

static bool is_asleep(pid_t pid)
{
	struct process_stat stat;

	return procfs_stat(pid, pid, &stat) || stat.state == 'S' || stat.state == 'D';
}

/* A process or thread that the copy made, so that it ends with it. */
static void adopt(struct trial *trial)
{
	struct family *family = &trial->stage->family;
	unsigned long tid;

	if (trace_event_message(trial->pid, &tid) == 0 && !family_find(family, (pid_t)tid))
		family_adopt(family, (pid_t)tid);
}

/* Any stop but a trap. 1: the copy is to be resumed with *signal; 0: it ended (*end). */
static int settle(struct trial *trial, const struct stop *stop, int *signal, enum inspect_end *end)
{
	struct registers registers;

	*signal = 0;
	if (stop->kind == STOP_EXITED || stop->kind == STOP_KILLED ||
	    (stop->kind == STOP_EVENT && stop->event == PTRACE_EVENT_EXIT)) {
		*end = INSPECT_ENDED;
		return 0;
	}
	if (stop->kind == STOP_SIGNAL)
		*signal = stop->signal;
	if (stop->kind != STOP_EVENT)
		return 1;
	if (stop->event == PTRACE_EVENT_SECCOMP) {
		const int error = guard_syscall(&trial->stage->guard, trial->pid, &registers);

		return error ? error : 1;
	}
	if (stop->event != PTRACE_EVENT_EXEC)
		adopt(trial);
	return 1;
}

/* Resumes to the next trap, with whatever the kernel shows on the way. 1: there; 0: ended (*end).
 */
static int resume(struct trial *trial, enum trace_resume how, enum inspect_end *end)
{
	int error = trace_resume(trial->pid, how, 0);
	struct stop stop;
	int signal;
	int more;

	while (!error) {
		error = trace_wait(-1, STEP_LIMIT, &stop);
		if (error == -ETIMEDOUT && !is_asleep(trial->pid)) {
			error = 0; /* the machine is busy */
			continue;
		}
		if (error == -ETIMEDOUT) {
			*end = INSPECT_BLOCKED;
			return 0;
		}
		if (error)
			return error;
		if (stop.tid != trial->pid) { /* what the copy started runs on */
			error = walker_serve(&trial->stage->walker, &stop);
			continue;
		}
		if (stop.kind == STOP_TRAP)
			return 1;
		more = settle(trial, &stop, &signal, end);
		if (more != 1)
			return more;
		error = trace_resume(trial->pid, how, signal);
	}
	return error;
}

/* Where a breakpoint stands in the copy, and what was there. */
struct trap {
	uint64_t address;
	uint8_t saved[BREAKPOINT_SIZE];
};

static int set_trap(struct trial *trial, struct trap *trap)
{
	int error = memory_read(trial->pid, trap->address, trap->saved, BREAKPOINT_SIZE);

	return error ? error
		     : memory_write(trial->pid, trap->address, breakpoint_instruction,
				    BREAKPOINT_SIZE);
}

/* Takes it out; a copy that ran into it then stands on its address. */
static int clear_trap(struct trial *trial, const struct trap *trap, struct registers *registers)
{
	int error = memory_write(trial->pid, trap->address, trap->saved, BREAKPOINT_SIZE);

	if (!error)
		error = trace_get_registers(trial->pid, registers);
	if (error || registers_pc(registers) != trap->address + BREAKPOINT_SIZE)
		return error;
	registers_set_pc(registers, trap->address);
	return trace_set_registers(trial->pid, registers);
}

/*
 * The copy stands at a function's first instruction. Runs at full speed to where it returns to; an
 * inner call that returns there too leaves the stack lower. 1: there; 0: ended (*end).
 */
static int run_to_return(struct trial *trial, const struct registers *registers,
			 enum inspect_end *end)
{
	const uint64_t sp = registers_sp(registers);
	struct registers now;
	struct trap trap;
	int more = 1;
	int error;

	if (memory_read(trial->pid, sp, &trap.address, sizeof(trap.address)))
		return resume(trial, TRACE_STEP, end);
	do {
		error = set_trap(trial, &trap);
		if (!error)
			more = resume(trial, TRACE_CONTINUE, end);
		if (error || more != 1)
			return error ? error : more;
		error = clear_trap(trial, &trap, &now);
		if (!error && registers_sp(&now) <= sp)
			more = resume(trial, TRACE_STEP, end);
	} while (!error && more == 1 && registers_sp(&now) <= sp);
	return error ? error : more;
}

static bool is_return(const struct trial *trial, const struct code_entry *code,
		      const struct registers *registers)
{
	return (code->instruction.flags & INSTRUCTION_SYSCALL) &&
	       registers_syscall_about_to_run(registers) == SYS_rt_sigreturn &&
	       registers_sp(registers) == trial->handler_sp + sizeof(uint64_t);
}

/* Above the signal frame without having returned through it. An alternate stack has no order with
 * the stack that was interrupted: there only the return counts. */
static bool has_left(const struct inspection *inspection, const struct trial *trial,
		     const struct registers *registers)
{
	const uint64_t sp = inspection->interrupted_sp;

	return trial->handler_sp < sp && registers_sp(registers) > sp &&
	       registers_sp(registers) - sp < (UINT64_C(1) << 23);
}

static int visit_all(struct inspection *inspection, struct trial *trial)
{
	struct walker *walker = &trial->stage->walker;
	bool in_handler = !inspection->undisturbed;
	int more = 1;

	inspection->end = INSPECT_LIMIT;
	while (more == 1 && inspection->steps < inspection->limit) {
		struct registers registers;
		const struct code_entry *code;
		bool returns;
		int error = trace_get_registers(trial->pid, &registers);

		if (error)
			return error;
		code = code_at(walker->code, trial->pid, &walker->maps, registers_pc(&registers));
		if (in_handler && !inspection->beyond && has_left(inspection, trial, &registers)) {
			inspection->end = INSPECT_LEFT;
			return 0;
		}
		inspection->steps++;
		if (!inspection->visit(inspection->context, trial->pid, code, &registers)) {
			inspection->end = INSPECT_STOPPED;
			return 0;
		}
		returns = in_handler && is_return(trial, code, &registers);
		if (returns && !inspection->beyond) {
			inspection->end = INSPECT_RETURNED;
			return 0;
		}
		in_handler &= !returns;
		more = inspection->run_to_return
			       ? run_to_return(trial, &registers, &inspection->end)
			       : resume(trial, TRACE_STEP, &inspection->end);
		inspection->run_to_return = false;
	}
	return more < 0 ? more : 0;
}

int inspect_copy(struct inspection *inspection, struct trial *trial)
{
	struct registers registers;
	struct stop stop;
	bool has_stop = false;
	int error = trace_get_registers(trial->pid, &registers);

	inspection->steps = 0;
	inspection->end = INSPECT_NOT_ENTERED;
	inspection->interrupted_sp = registers_sp(&registers);
	if (!error && !inspection->undisturbed)
		error = deliver_signal(trial, &stop, &has_stop);
	inspection->handler = trial->handler;
	if (!error && !has_stop && (inspection->undisturbed || trial->delivery == DELIVERY_ENTERED))
		error = visit_all(inspection, trial);
	return error;
}

int inspect_run(struct inspection *inspection, struct stage *stage, const struct boundary *boundary)
{
	struct trial trial;
	int restored;
	int error;

	memset(&trial, 0, sizeof(trial));
	inspection->steps = 0;
	inspection->end = INSPECT_NOT_ENTERED;
	error = trial_begin(&trial, stage, boundary, inspection->undisturbed, NULL);
	if (!error)
		error = inspect_copy(inspection, &trial);
	restored = trial_put_back(&trial);
	trial_free(&trial);
	return error ? error : restored;
}
