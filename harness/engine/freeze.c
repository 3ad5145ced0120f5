/* SPDX-License-Identifier: MIT */
/* See freeze.h. */
#include "harness/engine/freeze.h"

#include "harness/kernel/ptrace.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STOP_LIMIT 0.5 /* seconds: the machine may be busy */

static bool is_other(const struct walker *walker, const struct family_member *member)
{
	return member->owner == FAMILY_WALKER && member->pid != walker->pid;
}

static bool is_met(const struct stop *stop)
{
	return stop->kind == STOP_SIGNAL && stop->signal == SIGSTOP;
}

/* Until it shows the SIGSTOP; what it stops for before is served as ever. */
static int freeze(struct walker *walker, pid_t tid)
{
	struct family_member *member = family_find(walker->family, tid);

	if (syscall(SYS_tgkill, member->pid, tid, SIGSTOP) < 0)
		return 0; /* it is ending */
	for (;;) {
		struct stop stop;
		int error = trace_wait(tid, STOP_LIMIT, &stop);

		member = family_find(walker->family, tid);
		if (error == -ETIMEDOUT) {
			member->is_fresh = true; /* the SIGSTOP will come, and is swallowed then */
			return 0;
		}
		if (error)
			return error == -ECHILD ? 0 : error;
		if (is_met(&stop)) {
			member->is_fresh = false;
			member->is_frozen = true;
			walker->others_frozen = true;
			return 0;
		}
		error = walker_serve(walker, &stop);
		if (error || !family_find(walker->family, tid))
			return error;
	}
}

int freeze_others(struct walker *walker)
{
	struct family *family = walker->family;

	/* By index: serving one may bring new members, at the end, or take one away. */
	for (size_t i = 0; i < family->count; i++) {
		const pid_t tid = family->members[i].tid;
		int error;

		if (!is_other(walker, &family->members[i]) || family->members[i].is_frozen)
			continue;
		error = freeze(walker, tid);
		if (error)
			return error;
		i -= !family_find(family, tid);
	}
	return 0;
}

void freeze_end(struct walker *walker)
{
	struct family *family = walker->family;

	if (!walker->others_frozen)
		return;
	walker->others_frozen = false;
	walker->syscalls++;
	for (size_t i = 0; i < family->count; i++) {
		if (!family->members[i].is_frozen)
			continue;
		family->members[i].is_frozen = false;
		/* It may have been killed meanwhile: its end is met by who waits next. */
		(void)!trace_resume(family->members[i].tid, TRACE_CONTINUE, 0);
	}
}
