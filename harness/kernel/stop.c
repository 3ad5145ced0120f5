/* SPDX-License-Identifier: MIT */
/* See stop.h. */
#include "harness/kernel/stop.h"

#include <signal.h>
#include <sys/wait.h>

struct stop stop_classify(pid_t tid, int status)
{
	struct stop stop = {.tid = tid, .raw = status};

	if (WIFEXITED(status)) {
		stop.kind = STOP_EXITED;
		stop.status = WEXITSTATUS(status);
	} else if (WIFSIGNALED(status)) {
		stop.kind = STOP_KILLED;
		stop.signal = WTERMSIG(status);
	} else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		stop.kind = STOP_SYSCALL;
	} else if (status >> 16) {
		stop.kind = STOP_EVENT;
		stop.event = status >> 16;
	} else if (WSTOPSIG(status) == SIGTRAP) {
		stop.kind = STOP_TRAP;
		stop.signal = SIGTRAP;
	} else {
		stop.kind = STOP_SIGNAL;
		stop.signal = WSTOPSIG(status);
	}
	return stop;
}
