/* SPDX-License-Identifier: MIT */
/*
 * What the lines of a record add up to, kept small however many trials there are: counts and sets
 * of indices, one example for each finding. Takes the lines of several jobs in any interleaving and
 * comes to the same result. Knows nothing of files, nor of how the report looks.
 */
#ifndef SIGSWEEP_REPORTS_AGGREGATE_H
#define SIGSWEEP_REPORTS_AGGREGATE_H

#include "harness/base/fail.h"
#include "reports/intervals.h"
#include "reports/tally.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENIGN_SEPARATOR '\x1f' /* never printed */

/* The latest `walk` line of a job; one that is complete is kept against one that is not. */
struct aggregate_walk {
	uint64_t job;
	uint64_t walked;
	uint64_t eligible;
	bool complete;
	char *path_hash;
	char *end;
};

/* For others to read, for aggregate.c to write. */
struct aggregate {
	json_t *run;      /* the `run` line, NULL before it */
	json_t *baseline; /* the `baseline` line, NULL before it */
	json_t *end;      /* the latest `end` line, NULL before it */
	bool baselines_differ;
	struct intervals injected; /* indices at which a signal was delivered in a trial */
	struct intervals skipped;  /* no trial could be made, or its signal was not delivered; may
				      have been injected all the same, by a resumed run */
	struct tally outcomes;     /* of the injected ones */
	struct tally deliveries;   /* of the injected ones and those not delivered (`not`) */
	struct tally went;         /* what became of the signal in them, where that is told */
	struct tally unknown;      /* "ORACLE: reason", of the injected ones */
	struct tally skips;        /* the skipped ones by reason, with boundaries */
	struct tally findings;     /* by key, with boundaries and the `example` line */
	struct tally benign;       /* the same at boundaries that the program declares harmless: by
				      key, BENIGN_SEPARATOR and reason */
	struct tally modules;      /* by path and build id, with the line as example */
	struct tally fidelity;     /* by kind and text, with the line as example */
	struct tally reasons;      /* the sentences of `why_incomplete` of all `end` lines */
	struct aggregate_walk *walks;
	size_t walk_count;
	size_t walk_capacity;
};

struct aggregate *aggregate_new(void);
void aggregate_free(struct aggregate *aggregate);

/*
 * Takes in one line of a record. Lines that come twice (a resumed run, records merged) count once.
 * -EINVAL with a sentence for a line that is none of docs/record.md, or that belongs to another
 * scenario than the lines before it; it then changed nothing.
 */
int aggregate_line(struct aggregate *aggregate, const json_t *line) MUST_CHECK;

/*
 * The same for a line as text (without its newline). A trial line in the form that workers write is
 * taken in without making JSON of it, in well under 3 microseconds; all others go through
 * aggregate_line(). Bytes that are no UTF-8 are replaced.
 */
int aggregate_trial_text(struct aggregate *aggregate, const char *line, size_t size) MUST_CHECK;

/*
 * Takes in a whole record. *note gets a sentence (the caller frees) when its last line was left out
 * since it is not finished, else NULL. Errors name FILE:LINE.
 */
int aggregate_record(struct aggregate *aggregate, const char *path, char **note) MUST_CHECK;

/* For the progress line. */
uint64_t aggregate_injected(const struct aggregate *aggregate);
uint64_t aggregate_skipped(const struct aggregate *aggregate);
size_t aggregate_findings(const struct aggregate *aggregate);

#endif
