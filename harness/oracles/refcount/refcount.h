/* SPDX-License-Identifier: MIT */
/*
 * The refcount oracle: counters that the program announces, and GObject's. What its parts share:
 * the survey (survey.c) learns which counters there are, words.c reads them at
 * each trial, judge.c compares a trial made once more with the undisturbed program.
 */
#ifndef SIGSWEEP_ORACLES_REFCOUNT_H
#define SIGSWEEP_ORACLES_REFCOUNT_H

#include "harness/model/notes.h"
#include "harness/model/oracle.h"
#include "harness/model/trial.h"
#include "harness/oracles/refcount/watch.h"

#define COUNTER_NAME 120
#define COUNTERS_MAX 32 /* announced ones whose accesses are followed */
#define WORDS_MAX 4096  /* counters whose values are read at each trial */

/* What the survey learns of the undisturbed program. */
struct count_knowledge {
	struct count_log lives; /* from its start to its end */
	struct counter counters[COUNTERS_MAX];
	size_t counter_count;
	struct count_log traces[COUNTERS_MAX / TRACE_WATCHES]; /* from the window's start: of the
								* first four counters, and so on */
	struct count_classes classes;
	bool has_objects;
	bool has_ends; /* announced counters end before the program does */
	char *reason;  /* why something may be missed; NULL: nothing is */
};

int count_prepare(struct stage *stage, void **knowledge) MUST_CHECK;
int count_survey(struct stage *stage, void **knowledge) MUST_CHECK;
void count_forget(void *knowledge);

/* A counter whose value is read at each trial. */
struct count_word {
	struct counter counter;
	const char *name; /* NULL: none */
	bool is_object;
	bool is_open; /* it is a counter still when the undisturbed program ends */
	bool touched; /* a handler was seen to touch it */
	int64_t at_boundary;
	int64_t at_return; /* of the handler */
	int64_t at_exit;
	int64_t expected; /* at the exit of the latest control */
};

struct count_words {
	struct count_word *list; /* sorted by address */
	size_t count;
	bool is_cut; /* there are more */
};

void count_words_find(struct count_words *words, const struct count_log *lives);
void count_words_free(struct count_words *words);
/* Reads all values into the member at this offset of struct count_word; what cannot be read is 0.
 */
void count_words_read(struct count_words *words, pid_t pid, size_t member);
struct count_word *count_words_at(const struct count_words *words, uint64_t address);

/* The oracle's state for one walker. */
struct count_oracle {
	struct count_knowledge *knowledge; /* the classes grow no more */
	struct count_sites sites;
	bool sites_are_known;
	struct count_words words;
	bool has_expected;
	bool touches_objects; /* a handler was seen to take or drop references of objects */
	struct learnt {
		uint64_t handler;
		uint64_t interrupted; /* start of the function */
	} * learnt;
	size_t learnt_count;
	size_t learnt_capacity;
	struct notes told; /* of which findings there is evidence */

	/* This trial's. */
	bool has_return;
	bool has_exit;
};

/* A trial made once more: with the signal (got) and without (expected), counters of a group
 * watched. */
struct count_comparison {
	struct count_oracle *oracle;
	const struct trial *trial;
	struct counter counters[TRACE_WATCHES];
	size_t counter_count;
	bool is_first; /* the group with which all is judged that is not in a group */
	struct count_log expected;
	struct count_log got;
};

/* Fills at most `room` verdicts: their number. */
size_t count_judge(struct count_comparison *comparison, struct verdict *verdicts, size_t room);

/* What is wrong with one counter. */
struct count_fault {
	const char *kind;
	const struct counter *counter;
	const char *name;
	bool is_object;
	int64_t expected;
	int64_t got;
	bool is_left; /* differs: it should have ended and has not */
	const struct touch
		*first; /* lost-update: the load; after-zero: what made it zero, if seen */
	const struct touch *second; /* the store, the write after zero or to below it */
};

/* The verdict of it. */
void count_tell(struct count_oracle *oracle, const struct trial *trial,
		const struct count_fault *fault, struct verdict *verdict);

#endif
