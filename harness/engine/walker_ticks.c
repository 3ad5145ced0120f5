/* SPDX-License-Identifier: MIT */
/* A signal of the walker's own is delivered to it, but for ticks that would leave it no time. */
#include "harness/engine/walker_private.h"
#include "harness/kernel/ptrace.h"

#include <errno.h>
#include <signal.h>

#define TICK_MOVES 4096 /* several times what a handler takes */

/* Is the walker behind the system call that it is being stepped over? */
static bool is_in_call(struct walker *walker)
{
	uint64_t pc;

	return (walker_code(walker)->instruction.flags & INSTRUCTION_SYSCALL) &&
	       trace_get_pc(walker->pid, &pc) == 0 && pc != walker->pc;
}

/* From boundary to boundary, by instructions or by opcodes (walker_run_syscall()). On the way to
 * the window it runs. */
static bool is_walked(const struct walker *walker, enum trace_resume how)
{
	return how == TRACE_STEP || (how == TRACE_SYSCALL && walker->table);
}

/*
 * A timer goes on in real time, the walk is thousands of times slower: one whose period is shorter
 * than the walk through its handler would leave no time for the program itself. So ticks are lost
 * while it is stepped, by instructions or opcodes, as they are on a machine that is too busy. Where
 * it sleeps until a tick comes, none is.
 */
static bool comes_too_soon(struct walker *walker, enum trace_resume how, const siginfo_t *info)
{
	const bool is_interval = info->si_code == SI_KERNEL &&
				 (info->si_signo == SIGALRM || info->si_signo == SIGVTALRM ||
				  info->si_signo == SIGPROF);

	if (walker->guard->walker_has_alarm || !(is_interval || info->si_code == SI_TIMER))
		return false;
	if (is_walked(walker, how) && !is_in_call(walker) && walker->tick_at &&
	    walker->moves - walker->tick_at < TICK_MOVES)
		return true;
	walker->tick_at = walker->moves;
	return false;
}

/* Lets a tick go. The next may be there before the step is made, so it has to wait for that. */
static int drop_tick(struct walker *walker, int signal)
{
	uint64_t mask;
	int error = trace_get_mask(walker->pid, &mask);

	walker->ticks_lost++;
	walker->mask_lent = mask;
	walker->is_mask_lent = true;
	if (!error)
		error = trace_set_mask(walker->pid, mask | UINT64_C(1) << (signal - 1));
	return error ? error : trace_resume(walker->pid, TRACE_STEP, 0);
}

int walker_deliver(struct walker *walker, enum trace_resume how, int signal)
{
	siginfo_t info = {0};

	walker->pending_known = false;
	if (trace_get_siginfo(walker->pid, &info) == -EINVAL)
		return trace_resume(walker->pid, how, 0); /* a group stop: nothing to deliver */
	walker_meet_signal(walker, signal);
	if (trace_get_siginfo(walker->pid, &info) == 0 && comes_too_soon(walker, how, &info))
		return drop_tick(walker, signal);
	walker->syscalls++; /* a handler has a mask of its own, and no system call shows it */
	return trace_resume(walker->pid, how, signal);
}
