/* SPDX-License-Identifier: MIT */
/*
 * A trial: one copy in which the signal was delivered, followed to its end. A control is a copy to
 * which none is delivered: it must end as the baseline, or copies made here show nothing.
 */
#ifndef SIGSWEEP_MODEL_TRIAL_H
#define SIGSWEEP_MODEL_TRIAL_H

#include "harness/base/fail.h"
#include "harness/engine/asleep.h"
#include "harness/engine/unwind.h"
#include "harness/model/boundary.h"
#include "harness/model/evidence_python.h"
#include "harness/model/outcome.h"
#include "harness/model/stage.h"
#include "harness/model/went.h"

#include <stdbool.h>
#include <stdint.h>

#define TRIAL_FRAMES 64
/* Why something is not known where watches_lost. */
#define TRIAL_WATCHES_LOST                                                                         \
	"the CPU's watchpoints do not work on this machine, and the program ran on for too long "  \
	"to be stepped instead"

struct trial_stack {
	struct frame frames[TRIAL_FRAMES];
	size_t count;
	bool complete;
};

struct trial {
	struct stage *stage;
	const struct boundary *boundary;
	void **oracle_states; /* one for each of the scenario's oracles; NULL: a control */
	pid_t pid;
	bool is_control;
	bool has_told_end; /* the oracles saw it before its exit */
	int told_status;   /* with which it was about to end then */
	size_t undo_mark;
	struct capture marks; /* the stage's, before it began: what another trial printed stays
			       * there, to be judged */

	enum delivery delivery;
	uint64_t handler;     /* entered: its first instruction */
	uint64_t handler_sp;  /* the stack pointer there: on the return address, the signal frame
				 above */
	bool ends_in_handler; /* it ended itself with the signal frame still on its stack */
	bool has_returned;    /* the handler returned through its signal frame */
	bool is_late;         /* blocked at the boundary and delivered when the program let it in */
	struct outcome outcome;
	bool output_differs[CAPTURE_STREAMS];
	size_t children_left; /* killed after the main process had ended */
	size_t shm_left;      /* System V segments that it made and left, removed by now */
	int crash_signal;
	uint64_t crash_address;         /* of the fault, where the signal has one */
	struct trial_stack end_stack;   /* where it ended, where that was not expected */
	struct python_stack end_python; /* the Python frames there */
	struct registers end_registers;
	struct asleep asleep; /* stuck, timeout: what it sleeps in */
	struct went went;     /* of a CPython: what became of the signal */

	bool has_missed;   /* the CPU stopped it without saying at which watch */
	bool watches_lost; /* that, or the machine's do not work, and it ran on for too long to be
			    * stepped */
	unsigned int watched; /* MOMENT_WATCHED: the oracle's own slots that were hit, a bit each */
	struct registers watch_registers; /* there */
};

/*
 * Makes a copy at the boundary where the walker stands and follows it to its end; what it shared
 * with the walker (saved by stage_save()) is put back. 0, or -errno when the harness failed
 * (-EINTR: it is to stop). `trial` is zeroed by the caller. trial_free() in any case: what the
 * trial printed can be read until then.
 */
int trial_run(struct trial *trial, struct stage *stage, const struct boundary *boundary,
	      bool is_control, void **oracle_states) MUST_CHECK;

/* Its parts, for who only wants to try something in a copy: the copy stands where the walker stands
 * afterwards; and: its processes are ended, what it shared is put back. */
int trial_begin(struct trial *trial, struct stage *stage, const struct boundary *boundary,
		bool is_control, void **oracle_states) MUST_CHECK;
int trial_put_back(struct trial *trial) MUST_CHECK;

void trial_free(struct trial *trial);

/* Was it proved to sleep for ever, or for longer than the limit (ASLEEP_LONG)? */
bool trial_sleeps_on(const struct trial *trial);

/* Did the program go on to the end that it has without the signal? Only then it owes the state that
 * it ends with there; one that ended because of the signal, or in the handler, does not. */
bool trial_went_on(const struct trial *trial);

#endif
