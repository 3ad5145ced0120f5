/* SPDX-License-Identifier: MIT */
/*
 * A handler stepped through: a copy is made at a boundary, the signal delivered, and every
 * instruction from the handler's entry on is shown before it is executed. Dear (tens of
 * microseconds an instruction), so for the worked example of a finding or for a sample; it is no
 * trial.
 */
#ifndef SIGSWEEP_MODEL_INSPECT_H
#define SIGSWEEP_MODEL_INSPECT_H

#include "harness/base/fail.h"
#include "harness/engine/code.h"
#include "harness/kernel/registers.h"
#include "harness/model/trial.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum inspect_end {
	INSPECT_RETURNED,    /* the handler returned through its signal frame */
	INSPECT_LEFT,        /* it jumped out (longjmp, throw): the stack is above its frame */
	INSPECT_ENDED,       /* the process ended or crashed in it */
	INSPECT_BLOCKED,     /* it sleeps in a system call */
	INSPECT_LIMIT,       /* more instructions than asked for */
	INSPECT_STOPPED,     /* the visitor had seen enough */
	INSPECT_NOT_ENTERED, /* no handler ran here */
};

struct inspection {
	/* Before each instruction; the copy `pid` is stopped there and can be read. True: go on. */
	bool (*visit)(void *context, pid_t pid, const struct code_entry *code,
		      const struct registers *registers);
	void *context;
	uint64_t limit;   /* instructions */
	bool undisturbed; /* no signal is delivered: what the walker itself would do from here on */
	bool run_to_return; /* set by visit() at a function's first instruction: the copy runs on at
			     * full speed until that function has returned */
	bool beyond; /* go on behind the handler's return, to the limit or the end of the process */

	enum inspect_end end;
	uint64_t interrupted_sp;
	uint64_t handler;
	uint64_t steps;
};

/* The walker stands at `boundary`; stage_save() was done. 0 or -errno when the harness failed. */
int inspect_run(struct inspection *inspection, struct stage *stage,
		const struct boundary *boundary) MUST_CHECK;

/* The same in a copy that the caller has made (trial_begin()) and let run to where it stands now,
 * and that is not used for anything else after it. */
int inspect_copy(struct inspection *inspection, struct trial *trial) MUST_CHECK;

#endif
