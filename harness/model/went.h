/* SPDX-License-Identifier: MIT */
/*
 * What became of the signal in a trial of a CPython program: a track (track.h) of the trial's copy,
 * and how it is told in records and reports. Does nothing for other programs.
 */
#ifndef SIGSWEEP_MODEL_WENT_H
#define SIGSWEEP_MODEL_WENT_H

#include "harness/model/track.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trial;
struct went_answer;

#define WENT_BY 260

/* Who dropped what, by place: kept for a walker's life. All zeros: none yet. */
struct went_answers {
	struct went_answer *list;
	size_t count;
	size_t capacity;
};

struct went {
	struct track track;
	uint64_t delivered;    /* time on the CPU, in nanoseconds; 0: not yet */
	uint64_t entered;      /* likewise, where the Python handler was called */
	char by[WENT_BY];      /* lost in C: "module:function"; "": not known */
	char over_by[WENT_BY]; /* where track.over is set: the C function that looked for signals */

	/* Of a signal that is not acted on for longer than --max-latency: what ran then. */
	bool is_sampled;
	char busy[WENT_BY]; /* the C function, "module:function"; "": the interpreter itself */
	json_t *busy_stack; /* NULL: not sampled */
};

/* The copy stands at its boundary, nothing is delivered. */
void went_begin(struct trial *trial);
/* Before the first instruction of the C handler. */
void went_delivered(struct trial *trial);
/* These of the CPU's slots were hit. */
void went_hit(struct trial *trial, unsigned int slots);
/* One was, and it is not known which. */
void went_miss(struct trial *trial);
/* The process is about to be gone, or was stopped for good, and can be read. */
void went_at_end(struct trial *trial);
/* Seconds on the CPU that are left until the copy is to be stopped for went_sample(); HUGE_VAL: it
 * is not. */
double went_sample_due(const struct trial *trial);
/* The copy is stopped: takes note of what it does. */
void went_sample(struct trial *trial);
void went_free(struct went *went);

/* It is gone. */
void went_end(struct trial *trial);

/* Does an oracle of the sweep have such a need (enum oracle_need)? */
bool went_is_needed(const struct trial *trial, unsigned int need);

/* On the CPU, from the delivery to the call of the Python handler, or to the end; 0: not known. */
double went_seconds(const struct went *went);
/* The same as a number for a report. */
json_t *went_microseconds(const struct trial *trial);

/*
 * The example's `latency`, the walker standing at the boundary: `microseconds`, and `instructions`
 * and `opcodes` up to the call of the Python handler where they are few enough to be counted. null
 * where nothing is known. A new reference.
 */
json_t *went_latency(const struct trial *trial);

/* After the trial, the walker standing at its boundary: finds out who dropped an exception in C. */
int went_settle(struct trial *trial) MUST_CHECK;
/* A latency above the limit is measured once more, in a copy that need not copy its pages. */
void went_measure_again(struct trial *trial);
void went_answers_free(struct went_answers *answers);

/* The `went` member of a trial line, in new memory (free()); NULL: none. */
char *went_text_json(const struct trial *trial);
/* The same as an object, with its `microseconds` or, for an example, which has `latency`, without.
 */
json_t *went_json(const struct trial *trial, bool with_time);

#endif
