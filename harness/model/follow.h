/* SPDX-License-Identifier: MIT */
/*
 * Follows a process from breakpoint to breakpoint to its end: a run of an oracle's own, or a trial
 * made once more as a copy that is driven like a walker. Knows nothing of what the breakpoints
 * mean.
 */
#ifndef SIGSWEEP_MODEL_FOLLOW_H
#define SIGSWEEP_MODEL_FOLLOW_H

#include "harness/base/fail.h"
#include "harness/engine/walker.h"
#include "harness/model/trial.h"

#include <stdbool.h>

struct follow {
	struct walker *walker;
	void *context;
	/* The walker stands before the instruction of a breakpoint. */
	int (*on_breakpoint)(void *context);
	/* Behind an instruction that hit the watches in walker->watched; NULL: there are none. */
	int (*on_watch)(void *context);

	bool is_done; /* for the callbacks: stop here. Cleared by the next follow_run() */

	bool has_returned; /* a signal handler returned through its frame */
	bool is_at_exit;   /* the walker stands before its exit_group and can be read */
	bool is_blocked;   /* it sleeps longer than walker->limit, or for ever; or it is a copy that
			    * has had the time of a trial */
	bool has_threads;  /* it made a second one: it runs on without breakpoints */
	bool has_execed;
};

/* Takes a walker right after its exec to the program's own first instruction: all libraries that
 * it names are mapped then. Look at walker->end. */
int follow_to_entry(struct walker *walker) MUST_CHECK;

/* Runs on, with the walker's breakpoints as they are, until one of the flags stops it or the
 * process has ended (walker->end). 0 or -errno when the harness failed. */
int follow_run(struct follow *follow) MUST_CHECK;

/* For a program that waits for the signal and is asleep (is_blocked): gives it to it. */
int follow_wake(struct follow *follow, int signal) MUST_CHECK;

/*
 * A copy of the walker, which stands at `boundary`, with or without the signal; `drive` is given it
 * as a walker of its own, after the delivery. The walker is where it was afterwards. `limit`:
 * seconds that the copy may sleep at once; in all it has the time of a trial. Not driven where the
 * signal ends it at once or waits in a system call that sleeps.
 */
struct retrace {
	bool with_signal;
	double limit;
	int (*drive)(void *context, struct walker *follower, const struct trial *trial);
	void *context;
};

int retrace_run(const struct retrace *retrace, struct stage *stage,
		const struct boundary *boundary) MUST_CHECK;

#endif
