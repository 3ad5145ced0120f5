/* SPDX-License-Identifier: MIT */
/* See follow.h. */
#include "harness/model/follow.h"

#include "harness/base/alloc.h"
#include "harness/base/clock.h"
#include "harness/kernel/ptrace.h"
#include "harness/kernel/watch_step.h"
#include "harness/model/deliver.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define WAKE_LIMIT 5.0 /* seconds for a sleeper to show that it got a signal */

int follow_to_entry(struct walker *walker)
{
	unsigned long entry;
	int error = launch_auxiliary(walker->pid, AT_ENTRY, &entry);

	if (!error)
		error = walker_add_breakpoint(walker, entry);
	if (!error)
		error = walker_run(walker);
	walker_clear_breakpoints(walker);
	walker->execed = false;
	walker->in_syscall = false;
	walker->allow_threads = false;
	return error || walker->end != WALKER_RUNS ? error : walker_refresh(walker);
}

static int on_syscall(struct follow *follow)
{
	const struct registers *registers;
	int error = walker_registers(follow->walker, &registers);

	if (error)
		return error;
	follow->is_at_exit = registers_syscall(registers) == SYS_exit_group;
	follow->has_returned |= registers_syscall(registers) == SYS_rt_sigreturn;
	return 0;
}

/* Threads would run into the breakpoints too, and nobody would help them over. */
static void go_on_without(struct follow *follow)
{
	struct walker *walker = follow->walker;

	follow->has_threads |= walker->end == WALKER_THREADS;
	walker->end = WALKER_RUNS;
	walker->allow_threads = true;
	walker_clear_breakpoints(walker);
}

static int settle(struct follow *follow, bool at_breakpoint)
{
	struct walker *walker = follow->walker;
	int error = 0;

	if (walker->end == WALKER_THREADS)
		go_on_without(follow);
	follow->is_blocked = walker->end == WALKER_STUCK;
	follow->has_execed = walker->execed;
	if (walker->end != WALKER_RUNS || walker->execed)
		return 0;
	if (walker->watched)
		error = follow->on_watch(follow->context);
	else if (walker->in_syscall)
		return on_syscall(follow);
	/* Also where a handler returns to one, or a system call ends before it. */
	if (!error && (at_breakpoint || walker_is_on_breakpoint(walker)))
		error = follow->on_breakpoint(follow->context);
	return error;
}

/* A trial that spins through system calls or breakpoints would be followed for ever. */
static bool has_had_its_time(const struct walker *walker)
{
	const struct watch_step_cost cost = watch_step_cost(walker->pid);

	if (watch_step_is_lost(walker->pid))
		return true;
	return walker->deadline > 0 &&
	       (clock_now() - cost.seconds > walker->deadline ||
		watch_step_own_seconds(walker->pid, clock_of_process(walker->pid)) >
			walker->cpu_limit);
}

int follow_run(struct follow *follow)
{
	struct walker *walker = follow->walker;
	int error = 0;

	follow->is_done = false;
	while (!error && walker->end == WALKER_RUNS && !follow->is_at_exit && !follow->is_done &&
	       !follow->has_execed) {
		bool at_breakpoint;

		if (has_had_its_time(walker)) {
			follow->is_blocked = true;
			return 0;
		}
		error = walker_run_syscall(walker, &at_breakpoint);
		if (error == -ETIMEDOUT) {
			fail_clear();
			follow->is_blocked = true;
			return 0;
		}
		if (!error)
			error = settle(follow, at_breakpoint);
	}
	return error;
}

int follow_wake(struct follow *follow, int signal)
{
	struct walker *walker = follow->walker;
	struct stop stop;
	int error;

	follow->is_blocked = false;
	walker->end = WALKER_RUNS;
	walker->registers_known = false;
	if (kill(walker->pid, signal) < 0)
		return -errno;
	error = trace_wait(walker->pid, WAKE_LIMIT, &stop);
	if (error)
		return error;
	if (stop.kind == STOP_SYSCALL)
		walker->in_syscall = false;
	else if (stop.kind == STOP_SIGNAL)
		return walker_hold_signal(walker);
	return 0;
}

/* A walker that drives the copy: what is known of the program is the walker's. */
static int make_follower(struct walker *follower, const struct trial *trial, double limit)
{
	int error;

	*follower = trial->stage->walker;
	follower->pid = trial->pid;
	follower->maps = (struct maps){0};
	follower->registers_known = false;
	follower->in_syscall = false;
	follower->execed = false;
	follower->allow_threads = false;
	follower->limit = limit;
	follower->cpu_limit = trial->stage->baseline->cpu_limit;
	follower->deadline = clock_now() + trial->stage->baseline->trial_limit;
	follower->end = WALKER_RUNS;
	follower->asleep = (struct asleep){0};
	follower->queued = 0;
	follower->breakpoints = NULL;
	follower->breakpoint_count = 0;
	follower->breakpoint_capacity = 0;
	follower->marks = NULL;
	follower->table = NULL; /* the copy's own is as it was */
	follower->watches = 0;
	follower->watched = 0;
	error = maps_read(&follower->maps, trial->pid);
	return error ? error : trace_get_pc(trial->pid, &follower->pc);
}

static int drive(const struct retrace *retrace, const struct trial *trial)
{
	struct walker *follower = alloc_zero(sizeof(*follower));
	int error = make_follower(follower, trial, retrace->limit);

	if (!error)
		error = retrace->drive(retrace->context, follower, trial);
	/* The names are those of the walker's image again. */
	if (!error && follower->execed)
		error = walker_refresh(&trial->stage->walker);
	asleep_free(&follower->asleep);
	maps_free(&follower->maps);
	free(follower->breakpoints);
	free(follower);
	return error;
}

int retrace_run(const struct retrace *retrace, struct stage *stage, const struct boundary *boundary)
{
	struct trial trial;
	struct stop stop;
	bool has_stop = false;
	int restored;
	int error;

	memset(&trial, 0, sizeof(trial));
	error = trial_begin(&trial, stage, boundary, !retrace->with_signal, NULL);
	if (!error && retrace->with_signal)
		error = deliver_signal(&trial, &stop, &has_stop);
	if (!error && trial.outcome.kind == OUTCOME_NOT_REACHED)
		error = fail(-EAGAIN, "the system call did not sleep once more");
	if (!error && !has_stop &&
	    !(trial.delivery == DELIVERY_BLOCKED && boundary->phase == PHASE_DURING))
		error = drive(retrace, &trial);
	restored = trial_put_back(&trial);
	trial_free(&trial);
	return error ? error : restored;
}
