/* SPDX-License-Identifier: MIT */
/* See deliver.h. */
#include "harness/model/deliver.h"

#include "harness/engine/deadline.h"
#include "harness/kernel/memory.h"
#include "harness/kernel/procfs.h"
#include "harness/kernel/ptrace.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>

#define STEP_LIMIT 5.0   /* seconds for entering a handler: the machine may be very busy */
#define BLOCK_LOOK 0.001 /* seconds between two looks whether a system call blocks */
#define BLOCK_LOOKS 200

/* At a step's end: was the handler entered, with `pc` as the place interrupted? */
static bool entered(const struct trial *trial, const struct registers *registers, uint64_t pc)
{
	uint64_t interrupted;

	if ((int)registers_argument(registers, 0) != trial->stage->scenario->signal)
		return false;
	if (memory_read(trial->pid, registers_interrupted_pc_at(registers), &interrupted,
			sizeof(interrupted)))
		return false;
	/* A system call that is to be made again was interrupted at its instruction (SA_RESTART).
	 */
	return interrupted == pc || (trial->boundary->phase == PHASE_DURING &&
				     interrupted == pc - SYSCALL_INSTRUCTION_SIZE);
}

static bool is_in_group_stop(pid_t pid)
{
	siginfo_t info;

	return trace_get_siginfo(pid, &info) == -EINVAL;
}

/* What the stop after the step with the signal says. */
static int classify(struct trial *trial, uint64_t pc, const struct stop *stop, bool *has_stop)
{
	struct registers registers;
	int error;

	*has_stop = true;
	if (stop->kind == STOP_EVENT && stop->event == PTRACE_EVENT_EXIT) {
		trial->delivery = DELIVERY_DEFAULT;
		return 0;
	}
	if (stop->kind == STOP_SIGNAL && is_in_group_stop(trial->pid)) {
		trial->delivery = DELIVERY_DEFAULT;
		trial->outcome.kind = OUTCOME_STOPPED;
		return 0;
	}
	if (stop->kind == STOP_SIGNAL && stop->signal == SIGSEGV)
		/* arch/x86/kernel/signal.c, signal_setup_done(): no frame could be written. The
		 * SIGSEGV itself is settled by the caller. */
		trial->delivery = DELIVERY_NO_ROOM;
	if (stop->kind != STOP_TRAP)
		return 0;
	*has_stop = false;
	error = trace_get_registers(trial->pid, &registers);
	if (error)
		return error;
	if (entered(trial, &registers, pc)) {
		trial->delivery = DELIVERY_ENTERED;
		trial->handler = registers_pc(&registers);
		trial->handler_sp = registers_sp(&registers);
	} else {
		trial->delivery = DELIVERY_IGNORED;
	}
	return 0;
}

/* The copy is at a signal stop: steps into whatever the signal leads to. */
static int step_in(struct trial *trial, uint64_t pc, struct stop *stop, bool *has_stop)
{
	int error = trace_resume(trial->pid, TRACE_STEP, trial->stage->scenario->signal);

	if (!error)
		error = trace_wait(trial->pid, STEP_LIMIT, stop);
	if (error == -ETIMEDOUT)
		return fail(-EAGAIN, "a copy did not enter its handler within %.0f s", STEP_LIMIT);
	return error ? error : classify(trial, pc, stop, has_stop);
}

static bool is_filtered(const struct stop *stop)
{
	return stop->kind == STOP_EVENT && stop->event == PTRACE_EVENT_SECCOMP;
}

/* A call that the guard looks at stops for that as well: since Linux 4.8 behind its entry
 * (seccomp(2), SECCOMP_RET_TRACE), before that ahead of it. */
static int pass_filter(struct trial *trial)
{
	struct registers registers;
	int error = guard_syscall(&trial->stage->guard, trial->pid, &registers);

	return error ? error : trace_resume(trial->pid, TRACE_SYSCALL, 0);
}

/* To the entry of the call. *is_in false: it did not come to it. */
static int enter_syscall(struct trial *trial, struct deadline *deadline, bool *is_in)
{
	struct registers registers;
	struct stop stop;
	int error = trace_resume(trial->pid, TRACE_SYSCALL, 0);

	*is_in = false;
	if (!error)
		error = trace_wait(trial->pid, STEP_LIMIT, &stop);
	while (!error && is_filtered(&stop)) {
		error = pass_filter(trial);
		if (!error)
			error = trace_wait(trial->pid, STEP_LIMIT, &stop);
	}
	if (error || stop.kind != STOP_SYSCALL)
		return error;
	*is_in = true;
	error = trace_get_registers(trial->pid, &registers);
	if (!error)
		deadline_renew(deadline, trial->pid, &registers, trial->stage->begun);
	return error;
}

/* Does the copy sleep in the call? Its own end is for whoever waits for it next. */
static int look_asleep(struct trial *trial, bool *blocks)
{
	struct process_stat stat;
	struct stop stop;
	int error = trace_resume(trial->pid, TRACE_SYSCALL, 0);

	for (int look = 0; !error && look < BLOCK_LOOKS; look++) {
		error = trace_wait(trial->pid, BLOCK_LOOK, &stop);
		if (!error && is_filtered(&stop)) {
			error = pass_filter(trial);
			continue;
		}
		if (error != -ETIMEDOUT)
			return error;
		error = procfs_stat(trial->pid, trial->pid, &stat);
		if (!error && stat.state == 'S') {
			*blocks = true;
			return 0;
		}
	}
	return error;
}

int deliver_try_syscall(struct trial *trial, bool *blocks)
{
	struct deadline deadline = {0};
	bool is_in;
	int error = enter_syscall(trial, &deadline, &is_in);

	*blocks = false;
	if (error || !is_in)
		return error;
	error = look_asleep(trial, blocks);
	/* The kernel has read it. A copy that is gone needs it no more. */
	if (deadline_restore(&deadline, trial->pid))
		fail_clear();
	return error;
}

static int deliver_during(struct trial *trial, struct stop *stop, bool *has_stop)
{
	struct registers registers;
	bool blocks;
	int error = deliver_try_syscall(trial, &blocks);

	*has_stop = false;
	if (error || !blocks) {
		trial->outcome.kind = OUTCOME_NOT_REACHED;
		return error;
	}
	if (trial->stage->signal_ignored && !trial->stage->signal_blocked) {
		trial->delivery = DELIVERY_IGNORED;
		return 0;
	}
	if (kill(trial->pid, trial->stage->scenario->signal) < 0)
		return -errno;
	if (trial->stage->signal_blocked) {
		trial->delivery = DELIVERY_BLOCKED;
		return 0;
	}
	error = trace_wait(trial->pid, STEP_LIMIT, stop);
	if (!error && stop->kind == STOP_SYSCALL) { /* the exit of the call, before the signal */
		error = trace_resume(trial->pid, TRACE_CONTINUE, 0);
		if (!error)
			error = trace_wait(trial->pid, STEP_LIMIT, stop);
	}
	if (!error && stop->kind == STOP_SIGNAL && stop->signal == trial->stage->scenario->signal) {
		error = trace_get_registers(trial->pid, &registers);
		/* A call that is restarted is interrupted at its instruction, else behind it. */
		if (!error)
			error = step_in(trial, registers_pc(&registers), stop, has_stop);
		return error;
	}
	*has_stop = !error;
	return error;
}

int deliver_signal(struct trial *trial, struct stop *stop, bool *has_stop)
{
	const int signal = trial->stage->scenario->signal;

	*has_stop = false;
	if (trial->boundary->phase == PHASE_DURING)
		return deliver_during(trial, stop, has_stop);
	if (trial->stage->signal_blocked) {
		trial->delivery = DELIVERY_BLOCKED;
		return kill(trial->pid, signal) < 0 ? -errno : 0;
	}
	if (trial->stage->signal_ignored) {
		/* Stepping might lead into a call that blocks, and would show nothing more. */
		trial->delivery = DELIVERY_IGNORED;
		return 0;
	}
	return step_in(trial, trial->boundary->pc, stop, has_stop);
}

int deliver_late(struct trial *trial, struct stop *stop, bool *has_stop)
{
	struct registers registers;
	int error = trace_get_registers(trial->pid, &registers);

	if (error)
		return error;
	trial->is_late = true;
	error = step_in(trial, registers_pc(&registers), stop, has_stop);
	if (!error && trial->delivery == DELIVERY_ENTERED)
		trial->delivery =
			DELIVERY_BLOCKED; /* at the boundary it was; the handler ran later */
	return error;
}
