/* SPDX-License-Identifier: MIT */
/* Lines that a job writes once: examples by their key, modules, what snapshots cannot preserve. */
#ifndef SIGSWEEP_MODEL_NOTES_H
#define SIGSWEEP_MODEL_NOTES_H

#include "harness/base/fail.h"
#include "harness/model/sink.h"
#include "harness/model/stage.h"

#include <stdbool.h>

struct note;
struct trial;

struct notes {
	struct note *seen;
};

/* Is this the first time that `text` is asked for? */
bool notes_is_new(struct notes *notes, const char *text);

/* The same for findings of an oracle: is it the first of this kind and place? Those in benign
 * regions have examples of their own. */
bool notes_is_new_finding(struct notes *notes, const struct trial *trial, const char *kind,
			  const char *place);

int notes_modules(struct notes *notes, struct stage *stage, const struct sink *sink) MUST_CHECK;
int notes_fidelity(struct notes *notes, struct stage *stage, const struct sink *sink) MUST_CHECK;
void notes_free(struct notes *notes);

#endif
