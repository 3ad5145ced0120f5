/* SPDX-License-Identifier: MIT */
/*
 * A copy made there and then: the walker is made to execute clone(2) at a system call instruction
 * that it maps already, with CLONE_PARENT (the copy is the harness's own child; the walker never
 * hears of it) and CLONE_PTRACE (it is traced from birth, with the walker's options). Both then get
 * the walker's registers back.
 *
 * CLONE_UNTRACED keeps the event of a new process from being told, which would cost a stop; that
 * the copy is traced follows from CLONE_PTRACE alone (kernel/fork.c, kernel_clone() and
 * copy_process(); include/linux/ptrace.h, ptrace_init_task()).
 */
#include "harness/engine/snapshot.h"

#include "harness/kernel/ptrace.h"
#include "harness/kernel/watch_step.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREAD_LOOK 0.002 /* seconds between two looks whether an ending thread is gone */
#define THREAD_LOOKS 50

/* A thread that was joined is still on its way out, and is gone only when it has been reaped. */
static int count_threads(struct walker *walker, int *threads)
{
	struct stop stop;
	int error = 0;

	*threads = walker_threads(walker);
	for (int look = 0; !error && *threads > 1 && look < THREAD_LOOKS; look++) {
		error = trace_wait(-1, THREAD_LOOK, &stop);
		if (!error && stop.tid == walker->pid)
			return fail(-ESRCH, "%s was killed from outside while it was walked",
				    walker->launch->program);
		if (!error)
			error = walker_serve(walker, &stop);
		if (error == -ETIMEDOUT)
			error = 0;
		*threads = walker_threads(walker);
	}
	return error;
}

static int probe(struct walker *walker)
{
	int threads;
	int error = count_threads(walker, &threads);

	if (error)
		return error;
	if (threads > 1)
		return fail(
			-ENOTSUP,
			"%s has %d threads where the window begins: a copy by fork would have one "
			"only, so nothing it shows would be true; choose a window before the "
			"threads start, or run the program single-threaded",
			walker->launch->program, threads);
	return 0;
}

/* A SIGTRAP: has the instruction been executed? A signal that came in the middle makes the kernel
 * start it again, and the program may have sent a SIGTRAP to itself, which stands before it. */
static int look_at_trap(struct walker *walker, bool *is_done, int64_t *result)
{
	struct registers registers;
	int error = trace_get_registers(walker->pid, &registers);

	if (error)
		return error;
	if (registers_pc(&registers) == walker->syscall_pc)
		return walker_hold_signal(walker);
	*is_done = !registers_will_restart(&registers);
	*result = registers_result(&registers);
	return 0;
}

/* Runs the borrowed instruction; signals of the walker's own that come meanwhile are held. */
static int run_clone(struct walker *walker, pid_t *copy)
{
	int64_t result = 0;
	bool is_done = false;
	int error = trace_resume(walker->pid, TRACE_STEP, 0);

	while (!error) {
		struct stop stop;

		error = trace_wait(walker->pid, -1, &stop);
		if (error == -EINTR) {
			error = 0;
			continue;
		}
		if (error)
			break;
		if (stop.kind == STOP_EXITED || stop.kind == STOP_KILLED)
			return fail(-ESRCH, "%s died while it was copied", walker->launch->program);
		if (stop.kind == STOP_TRAP)
			error = look_at_trap(walker, &is_done, &result);
		else if (stop.kind == STOP_SIGNAL)
			error = walker_hold_signal(walker);
		if (is_done)
			break;
		if (!error)
			error = trace_resume(walker->pid, TRACE_STEP, 0);
	}
	if (error)
		return error;
	if (result < 0)
		return fail((int)result, "%s cannot be copied: clone: %s", walker->launch->program,
			    strerror((int)-result));
	*copy = (pid_t)result;
	return 0;
}

/* Signals that wait in the walker (blocked, or sent by the call that it has just made) wait in the
 * copy as well, though they then come from the harness. fork(2) does not copy them. */
static void hand_over_signals(struct walker *walker, pid_t copy)
{
	const uint64_t pending = walker_pending(walker);

	for (int signal = 1; signal <= 64 && pending >> (signal - 1); signal++)
		if ((pending >> (signal - 1) & 1) && signal != SIGSTOP && signal != SIGKILL)
			(void)!syscall(SYS_tgkill, copy, copy, signal);
}

static int settle_copy(struct walker *walker, pid_t copy, const struct registers *registers)
{
	struct stop stop;
	int error;

	watch_step_forget(copy); /* one of that number has been before */
	family_add(walker->family, copy, copy, FAMILY_TRIAL, false);
	do
		error = trace_wait(copy, -1, &stop);
	while (error == -EINTR);
	if (error || stop.kind != STOP_SIGNAL)
		return fail(error ? error : -ESRCH, "a copy of %s died at its birth",
			    walker->launch->program);
	error = walker_clean_copy(walker, copy);
	if (!error)
		error = trace_set_registers(copy, registers);
	if (!error)
		hand_over_signals(walker, copy);
	return error;
}

static int take(struct walker *walker, pid_t *copy)
{
	const uint64_t arguments[6] = {CLONE_PARENT | CLONE_PTRACE | CLONE_UNTRACED | SIGCHLD};
	const struct registers *now;
	struct registers saved;
	struct registers borrowed;
	bool is_trap_blocked = false;
	int restored;
	int error = walker_registers(walker, &now);

	if (error)
		return error;
	saved = *now;
	registers_forget_syscall(&saved);
	borrowed = saved;
	registers_prepare_syscall(&borrowed, walker->syscall_pc, SYS_clone, arguments);
	error = trace_set_registers(walker->pid, &borrowed);
	if (!error)
		error = walker_unblock_trap(walker, &is_trap_blocked);
	if (!error)
		error = run_clone(walker, copy);
	restored = trace_set_registers(walker->pid, &saved);
	if (!restored && is_trap_blocked)
		restored = walker_block_trap(walker->pid);
	if (!error)
		error = restored;
	if (!error)
		error = settle_copy(walker, *copy, &saved);
	return !error && is_trap_blocked ? walker_block_trap(*copy) : error;
}

const struct snapshot_strategy snapshot_fork = {
	.name = "fork",
	.help = "a copy of the walker, made at the boundary; for programs with one thread",
	.probe = probe,
	.take = take,
};
