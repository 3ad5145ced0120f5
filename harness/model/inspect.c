/* SPDX-License-Identifier: MIT */
/* See inspect.h. */
#include "harness/model/inspect.h"

#include "harness/kernel/ptrace.h"
#include "harness/model/deliver.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#define STEP_LIMIT 0.5 /* seconds that one instruction may take: a system call that blocks */

/* Steps one instruction, with whatever the kernel shows on the way. 1: stepped; 0: ended (*end). */
static int step(struct trial *trial, enum inspect_end *end)
{
	struct stop stop;
	int error = trace_resume(trial->pid, TRACE_STEP, 0);

	while (!error) {
		struct registers registers;
		int signal = 0;

		error = trace_wait(trial->pid, STEP_LIMIT, &stop);
		if (error == -ETIMEDOUT) {
			*end = INSPECT_BLOCKED;
			return 0;
		}
		if (error || stop.kind == STOP_TRAP)
			return error ? error : 1;
		if (stop.kind == STOP_EXITED || stop.kind == STOP_KILLED ||
		    (stop.kind == STOP_EVENT && stop.event == PTRACE_EVENT_EXIT)) {
			*end = INSPECT_ENDED;
			return 0;
		}
		if (stop.kind == STOP_EVENT && stop.event == PTRACE_EVENT_SECCOMP)
			error = guard_syscall(&trial->stage->guard, trial->pid, &registers);
		else if (stop.kind == STOP_SIGNAL)
			signal = stop.signal;
		if (!error)
			error = trace_resume(trial->pid, TRACE_STEP, signal);
	}
	return error;
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
static bool has_left(const struct trial *trial, const struct registers *registers)
{
	const struct registers *interrupted;

	if (walker_registers(&trial->stage->walker, &interrupted))
		return false;
	return trial->handler_sp < registers_sp(interrupted) &&
	       registers_sp(registers) > registers_sp(interrupted) &&
	       registers_sp(registers) - registers_sp(interrupted) < (UINT64_C(1) << 23);
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
		if (in_handler && !inspection->beyond && has_left(trial, &registers)) {
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
		more = step(trial, &inspection->end);
	}
	return more < 0 ? more : 0;
}

int inspect_run(struct inspection *inspection, struct stage *stage, const struct boundary *boundary)
{
	struct trial trial;
	struct stop stop;
	bool has_stop = false;
	int restored;
	int error;

	memset(&trial, 0, sizeof(trial));
	inspection->steps = 0;
	inspection->end = INSPECT_NOT_ENTERED;
	error = trial_begin(&trial, stage, boundary, inspection->undisturbed, NULL);
	if (!error && !inspection->undisturbed)
		error = deliver_signal(&trial, &stop, &has_stop);
	inspection->handler = trial.handler;
	if (!error && !has_stop && (inspection->undisturbed || trial.delivery == DELIVERY_ENTERED))
		error = visit_all(inspection, &trial);
	restored = trial_put_back(&trial);
	trial_free(&trial);
	return error ? error : restored;
}
