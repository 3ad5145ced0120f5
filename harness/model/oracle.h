/* SPDX-License-Identifier: MIT */
/*
 * An oracle looks at a trial before, during and after, compares it with the baseline of the same
 * scenario and says HOLDS, VIOLATED or UNKNOWN, with evidence. It never resumes or writes the
 * target. One const struct in one file under harness/oracles/, one row in harness/oracles/table.c.
 */
#ifndef SIGSWEEP_MODEL_ORACLE_H
#define SIGSWEEP_MODEL_ORACLE_H

#include "harness/base/fail.h"

#include <jansson.h>
#include <stddef.h>

#define ORACLES_MAX 32 /* one more than there are at most, for the NULL behind the last */
#define VERDICTS_MAX 8

struct trial;
struct stage;

enum verdict_value { VERDICT_HOLDS, VERDICT_VIOLATED, VERDICT_UNKNOWN };

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE };

struct verdict {
	enum verdict_value value;
	const char *kind; /* violated: what was violated, one word with dashes */
	enum severity severity;
	char title[240]; /* violated: one sentence that a person understands; unknown: the reason */
	char place[300]; /* what tells this finding from another of the same kind: where it ended,
			  * which lock; "": the function that was interrupted */
	json_t *evidence; /* for the example, or NULL; given away. Its members `locks`, `refcounts`
			   * and `exception` become the example's own */
};

enum oracle_need {
	ORACLE_NEEDS_RETURN = 1 << 0,   /* MOMENT_RETURN */
	ORACLE_NEEDS_CONTROL = 1 << 1,  /* its on_stop() is told of controls as well: what they end
					 * with is what a trial should */
	ORACLE_NEEDS_WATCH = 1 << 2,    /* MOMENT_BEGUN, and watch.h */
	ORACLE_NEEDS_FINALIZE = 1 << 3, /* MOMENT_FINALIZE */
	ORACLE_NEEDS_PYTHON = 1 << 4,   /* a CPython: of another program none of its functions is
					 * called, and it holds */
	ORACLE_NEEDS_WENT = 1 << 5,     /* trial->went */
	ORACLE_NEEDS_LATENCY = 1 << 6,  /* trial->went measured anew where it is above the limit,
					 * without what only a copy costs */
	ORACLE_NEEDS_INVARIANTS = 1 << 7, /* invariants announced by the window's start: survey() is
					   * called for no other program */
};

enum oracle_moment {
	MOMENT_BEGUN,    /* the copy stands at the boundary, no signal was delivered yet */
	MOMENT_WATCHED,  /* watches of this oracle were hit: trial->watched, watch_registers */
	MOMENT_ENTERED,  /* before the handler's first instruction */
	MOMENT_RETURN,   /* the handler is about to return through its signal frame */
	MOMENT_FINALIZE, /* a CPython begins to take everything down: no code of the script runs any
			  * more, all modules and objects are there. trial->watch_registers */
	MOMENT_EXIT,  /* the process is about to be gone. Where it ends by its own exit_group it can
		       * still be made to call functions; else only read */
	MOMENT_ENDED, /* all its processes are gone; files are as it left them, for a moment yet */
	MOMENT_STOPPED, /* it was stopped for good: crashed, stuck or out of time */
};

struct oracle {
	const char *name;
	const char *help;
	unsigned int needs; /* oracle_need */
	/*
	 * Once for each sweep, before the jobs start: a run without the signal that stands at the
	 * window's start and that the oracle takes to its end as it likes (with breakpoints, say),
	 * to learn what to look at and what the baseline ends with. *knowledge is given to begin().
	 * An error makes the oracle UNKNOWN for all trials, with its sentence. NULL: nothing.
	 */
	int (*survey)(struct stage *stage, void **knowledge);
	/* The same before survey(), for a run that stands right after its exec: to see what the
	 * program announces before the window. *knowledge then goes to survey(). NULL: nothing. */
	int (*prepare)(struct stage *stage, void **knowledge);
	void (*forget)(void *knowledge);
	/* Once for each walker, at the window's start; *state is the oracle's own. NULL: nothing.
	 */
	int (*begin)(const struct stage *stage, void *knowledge, void **state);
	/* At each boundary with a trial, the walker standing there. */
	int (*before)(void *state, const struct trial *trial);
	/* At the trial's stops. */
	int (*on_stop)(void *state, const struct trial *trial, enum oracle_moment moment);
	/* After the trial's end: fills at most VERDICTS_MAX verdicts and gives their number (0:
	 * holds). */
	size_t (*judge)(void *state, const struct trial *trial, struct verdict *verdicts);
	void (*end)(void *state);
};

extern const struct oracle *const oracle_table[]; /* NULL-terminated */
const struct oracle *oracle_find(const char *name);

const char *severity_text(enum severity severity);

#endif
