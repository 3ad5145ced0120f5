/* SPDX-License-Identifier: MIT */
/* See fatal.h. */
#include "harness/model/fatal.h"

#include "harness/kernel/procfs.h"
#include "harness/kernel/ptrace.h"

#include <signal.h>
#include <stdint.h>

bool fatal_will_kill(pid_t pid, int signal)
{
	const uint64_t bit = UINT64_C(1) << (signal - 1);
	struct process_status status;
	siginfo_t info;

	if (procfs_status(pid, &status) || trace_get_siginfo(pid, &info))
		return false;
	if (info.si_code > 0 && (status.signals_blocked & bit))
		return true; /* a fault while its signal is blocked (force_sig_info_to_task()) */
	return !(status.signals_caught & bit) && !(status.signals_ignored & bit);
}

bool fatal_is_caught(pid_t pid, int signal)
{
	struct process_status status;

	return procfs_status(pid, &status) == 0 &&
	       (status.signals_caught & UINT64_C(1) << (signal - 1));
}

bool fatal_is_crash(int signal)
{
	switch (signal) {
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGFPE:
	case SIGABRT:
	case SIGTRAP:
	case SIGSYS:
		return true;
	default:
		return false;
	}
}
