/* SPDX-License-Identifier: MIT */
/* Record lines made from trials: the plain trial line, the example of a finding, the small ones. */
#ifndef SIGSWEEP_MODEL_STORY_H
#define SIGSWEEP_MODEL_STORY_H

#include "harness/model/sink.h"
#include "harness/model/trial.h"

#include <jansson.h>

#define STORY_KEY 512

/* The verdicts of all oracles on a trial. */
struct story {
	const struct trial *trial;
	struct verdict verdicts[ORACLES_MAX * VERDICTS_MAX];
	const struct oracle *oracles[ORACLES_MAX * VERDICTS_MAX]; /* whose each is */
	size_t count;
};

/* Asks the oracles. story_free() drops the evidence. */
void story_judge(struct story *story, const struct trial *trial);
void story_free(struct story *story);

/* ORACLE/KIND/PLACE of the n-th verdict. */
void story_key(const struct story *story, size_t n, char key[STORY_KEY]);

int story_write_trial(const struct story *story, const struct sink *sink) MUST_CHECK;
int story_write_example(const struct story *story, size_t n, const struct sink *sink) MUST_CHECK;
/* The example of a trial that violated nothing, for replay: oracle and kind are "none". */
int story_write_plain(const struct story *story, const struct sink *sink) MUST_CHECK;

/* Any object as a line; takes the reference. */
int story_write_line(json_t *line, const struct sink *sink) MUST_CHECK;

#endif
