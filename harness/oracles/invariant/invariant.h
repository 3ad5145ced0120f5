/* SPDX-License-Identifier: MIT */
/*
 * The invariant oracle: what the program announces must be true at the window's end and at the
 * program's. What its parts share: watch.c follows a run and looks when it is time, invariant.c
 * judges a trial made once more by the undisturbed program.
 */
#ifndef SIGSWEEP_ORACLES_INVARIANT_H
#define SIGSWEEP_ORACLES_INVARIANT_H

#include "harness/model/announced.h"
#include "harness/model/follow.h"
#include "harness/model/oracle.h"

enum invariant_due { DUE_WINDOW_END, DUE_PROGRAM_END, DUE_COUNT };

/* An invariant in force that is not true when it should be, or that cannot be looked at. */
struct invariant_fault {
	struct invariant invariant;
	enum invariant_due due;
	bool is_gone; /* its memory is */
	struct invariant_look look;
};

/* One run of the program from the window's start or from a boundary on. */
struct invariant_run {
	struct follow follow;
	struct announced announced;       /* in a copy */
	const struct announced *in_force; /* that of the walker followed, or the one above */
	const uint64_t *ends;             /* of the window */
	size_t end_count;
	uint64_t handler_sp; /* at the handler's first instruction; 0: there is none */

	bool came[DUE_COUNT];
	bool is_cut; /* not all that was announced is known */
	struct invariant_fault *faults;
	size_t fault_count;
	size_t fault_capacity;
};

/* From where the walker stands to the end; the members above `came` are the caller's. 0 or -errno
 * when the harness failed. invariant_run_free() in any case. */
int invariant_run_on(struct invariant_run *run, struct walker *walker) MUST_CHECK;

/* A trial made once more from the boundary where the walker stands. */
int invariant_retrace(struct invariant_run *run, struct stage *stage,
		      const struct boundary *boundary, double limit) MUST_CHECK;

void invariant_run_free(struct invariant_run *run);

/* What the survey learns of the undisturbed program. */
struct invariant_knowledge {
	uint64_t *ends; /* of the window, where it ends at an address */
	size_t end_count;
	struct invariant_run run;
};

int invariant_survey(struct stage *stage, void **knowledge) MUST_CHECK;
void invariant_forget(void *knowledge);

#endif
