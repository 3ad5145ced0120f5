/* SPDX-License-Identifier: MIT */
/*
 * The walker's own signals: those that come while it is copied are held back and sent anew when it
 * goes on, and those that wait in it are known, since a copy has to have them as well.
 */
#include "harness/engine/walker.h"

#include "harness/kernel/procfs.h"
#include "harness/kernel/ptrace.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRAP_BIT (UINT64_C(1) << (SIGTRAP - 1))
#define FIRST_QUEUED 32 /* signal(7): of the signals below, one waits at most */

static struct walker_signal *find(struct walker *walker, int signal, bool is_sent)
{
	for (size_t i = 0; i < walker->queued; i++)
		if (walker->queue[i].info.si_signo == signal && walker->queue[i].is_sent == is_sent)
			return &walker->queue[i];
	return NULL;
}

int walker_hold_signal(struct walker *walker)
{
	struct walker_signal *held;
	siginfo_t info;
	int error = trace_get_siginfo(walker->pid, &info);

	if (error)
		return error;
	held = find(walker, info.si_signo, true);
	if (held) {
		held->is_sent = false; /* the one that is held already, come back */
		return 0;
	}
	if (info.si_signo < FIRST_QUEUED && find(walker, info.si_signo, false))
		return 0;
	if (walker->queued == WALKER_QUEUE)
		return fail(-ENOSPC, "%s gets signals faster than it can be copied",
			    walker->launch->program);
	walker->queue[walker->queued++] = (struct walker_signal){.info = info};
	return 0;
}

void walker_release_signals(struct walker *walker)
{
	for (size_t i = 0; i < walker->queued; i++) {
		struct walker_signal *held = &walker->queue[i];

		if (!held->is_sent &&
		    !syscall(SYS_tgkill, walker->pid, walker->pid, held->info.si_signo))
			held->is_sent = true;
	}
}

void walker_meet_signal(struct walker *walker, int signal)
{
	struct walker_signal *held = find(walker, signal, true);

	walker->pending_known = false;
	if (!held)
		return;
	(void)!trace_set_siginfo(walker->pid, &held->info);
	*held = walker->queue[--walker->queued];
}

uint64_t walker_pending(struct walker *walker)
{
	struct process_status status;
	uint64_t pending;

	if (!walker->pending_known) {
		walker->pending_known = procfs_status(walker->pid, &status) == 0;
		walker->pending = walker->pending_known
					  ? status.signals_pending | status.signals_pending_shared
					  : 0;
	}
	pending = walker->pending;
	for (size_t i = 0; i < walker->queued; i++)
		pending |= UINT64_C(1) << (walker->queue[i].info.si_signo - 1);
	return pending;
}

int walker_unblock_trap(const struct walker *walker, bool *was_blocked)
{
	uint64_t mask;
	int error;

	*was_blocked = false;
	if (walker->guard->walker_signals.actions[SIGTRAP].handler <= 1)
		return 0;
	error = trace_get_mask(walker->pid, &mask);
	if (error || !(mask & TRAP_BIT))
		return error;
	*was_blocked = true;
	return trace_set_mask(walker->pid, mask & ~TRAP_BIT);
}

int walker_block_trap(pid_t pid)
{
	uint64_t mask;
	int error = trace_get_mask(pid, &mask);

	return error ? error : trace_set_mask(pid, mask | TRAP_BIT);
}
