/* SPDX-License-Identifier: MIT */
/*
 * Is a set of processes asleep for ever? A proof from what /proc says, never a guess from waiting.
 * Reads only; the processes run on.
 */
#ifndef SIGSWEEP_ENGINE_ASLEEP_H
#define SIGSWEEP_ENGINE_ASLEEP_H

#include "harness/base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum asleep_verdict {
	ASLEEP_NO, /* some thread runs, or sleeps in a call that ends by itself (timeout, I/O) */
	ASLEEP_UNKNOWN, /* all sleep, and something outside could wake one of them */
	ASLEEP_LONG,    /* proved: nothing but time can end a call, and that not within the limit */
	ASLEEP_FOREVER, /* proved: nothing can end any of the calls */
};

struct asleep_thread {
	pid_t pid;
	pid_t tid;
	long syscall; /* number, -1: not in one */
	uint64_t arguments[6];
	char why[160]; /* "pause: only a signal ends it", "read from fd 3, a pipe whose writers all
			  sleep" */
};

struct asleep {
	enum asleep_verdict verdict;
	struct asleep_thread *threads; /* of all processes asked about; asleep_free() frees */
	size_t count;
	char why[200]; /* the first thread's reason, or why it is not proved */
};

/*
 * Looks at the `count` processes of one trial (its main process and the children that still live)
 * and at the `stopped_count` processes that are stopped and never run meanwhile (the walker: what
 * only it could write to or wake does not count as a way out). A pending armed timer of a process
 * (`has_timer`: the caller saw setitimer, alarm or timer_settime) means it may be woken: not
 * proved. `pids` must hold every living descendant of the target (of which the stopped ones may be
 * named in `stopped`); this process counts as stopped. A timeout that will not be over for another
 * `limit` seconds gives ASLEEP_LONG; 0: timeouts are not looked at. 0, or -errno when /proc could
 * not be read (a process that just ended gives ASLEEP_NO).
 */
int asleep_prove(const pid_t *pids, size_t count, const pid_t *stopped, size_t stopped_count,
		 bool has_timer, double limit, struct asleep *out) MUST_CHECK;
void asleep_free(struct asleep *asleep);

#endif
