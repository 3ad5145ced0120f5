/* SPDX-License-Identifier: MIT */
/*
 * Everything that a run of the target needs around it: its captured output, its guard, the log that
 * undoes its changes to files, what it shares with its copies. A stage carries one walker at a
 * time.
 */
#ifndef SIGSWEEP_MODEL_STAGE_H
#define SIGSWEEP_MODEL_STAGE_H

#include "harness/base/fail.h"
#include "harness/engine/capture.h"
#include "harness/engine/descriptors.h"
#include "harness/engine/walker.h"
#include "harness/kernel/ptrace.h"
#include "harness/model/announced.h"
#include "harness/model/scenario.h"
#include "harness/model/went.h"

struct baseline {
	struct outcome outcome;
	struct text streams[CAPTURE_STREAMS];
	bool awaits_signal;  /* it waits for the signal, which was given to it where it waits */
	char *sleeps;        /* NULL, or: it waits only for longer than the limit, and how */
	bool executes;       /* it executes another program in its place */
	bool shares_files;   /* each run changes files of the same names: only one can run at a time
			      */
	bool compare_output; /* two runs printed the same */
	double seconds;      /* the longer run's, on the wall clock */
	double trial_limit;  /* seconds on the wall clock for a trial */
	double cpu_limit;    /* seconds on the CPU for a trial */
	void *knowledge[ORACLES_MAX]; /* of the scenario's oracles, from their surveys */
	char *ignorance[ORACLES_MAX]; /* why an oracle's survey failed; NULL: it did not */
};

/* The breakpoints of the CPU that oracles have set in the trial that is under way (watch.h). */
struct watches {
	unsigned int taken;          /* a bit for each slot */
	size_t owner[TRACE_WATCHES]; /* which of the scenario's oracles */
	size_t told;                 /* the oracle that is being told something */
	bool has_finalize;           /* `finalize` is the slot of MOMENT_FINALIZE */
	unsigned int finalize;
};

struct interpreter;
struct window;

struct stage {
	const struct scenario *scenario;
	const struct baseline *baseline; /* NULL while it is made */
	struct family family;
	struct guard guard;
	struct filter *filter;
	struct launch launch;
	struct capture capture;
	struct descriptors *descriptors;
	struct walker walker;
	double begun;                    /* clock_now() when that was started */
	struct interpreter *interpreter; /* the window's, NULL: no CPython */
	const char *unread_python;       /* ... or one that cannot be read: why; else NULL */
	struct announced announced;      /* where the walker stands, once somebody follows it */
	const struct window *window;     /* in a survey(): the one that was entered; else NULL */
	int stdin_fd;
	size_t undo_start;
	struct watches watches;
	struct went_answers went_answers;

	/* Saved where the walker stands; changes only with its system calls. */
	uint64_t saved_at; /* walker.syscalls, 0: never */
	bool signal_blocked;
	bool signal_ignored;
};

/* What a stage is given; it closes none of it. */
struct resources {
	int log_fd;   /* the undo log's memfd */
	int turn_fd;  /* guard.h: a descriptor of this process's own; -1: there is one job only */
	int stdin_fd; /* a memfd or file with the target's input */
	int cpu;      /* where the target runs; -1: anywhere */
};

int stage_open(struct stage *stage, const struct scenario *scenario,
	       const struct baseline *baseline, const struct resources *resources) MUST_CHECK;
/* Starts the walker (after exec). */
int stage_start(struct stage *stage) MUST_CHECK;
/* Ends every process, rolls the file system back, frees. 0, or -errno when something could not be
 * put back (the sentence names it). */
int stage_close(struct stage *stage) MUST_CHECK;

/* Why nothing can be known of what the scenario's n-th oracle looks at: its survey failed, or it is
 * for CPython only and the one here cannot be read. NULL: it can, or there is no CPython. */
const char *stage_why_unknown(const struct stage *stage, size_t n);

/* Is the scenario's n-th oracle at work here? Not where its survey failed, nor where it is for
 * CPython only and there is none. */
bool stage_has_oracle(const struct stage *stage, size_t n);

/* Saves what a copy made here shares with the walker and how the signal would be received; does
 * nothing when the walker made no system call since the last time. *is_new says which. */
int stage_save(struct stage *stage, bool *is_new) MUST_CHECK;

/* The target's standard input as a descriptor that can be reopened: the file, or a memfd. */
int stage_input(const struct scenario *scenario) MUST_CHECK;

#endif
