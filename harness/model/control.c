/* SPDX-License-Identifier: MIT */
/* See control.h. */
#include "harness/model/control.h"

#include "harness/model/deliver.h"

#include <stdio.h>
#include <string.h>

static void explain(struct control *control, const struct trial *trial)
{
	char got[OUTCOME_TEXT];
	char expected[OUTCOME_TEXT];

	outcome_text(&trial->outcome, got);
	outcome_text(&trial->stage->baseline->outcome, expected);
	snprintf(control->reason, sizeof(control->reason),
		 "a copy made here ends %s even without a signal, not as the baseline (%s%s)", got,
		 expected, strcmp(got, expected) == 0 ? ", with other output" : "");
}

int control_run(struct control *control, struct stage *stage, const struct boundary *boundary,
		void **oracle_states)
{
	struct trial trial;
	int error;

	memset(&trial, 0, sizeof(trial));
	error = trial_run(&trial, stage, boundary, true, oracle_states);
	if (!error) {
		control->made_at = stage->saved_at;
		control->is_sound = trial.outcome.kind == OUTCOME_SAME;
		if (!control->is_sound)
			explain(control, &trial);
	}
	trial_free(&trial);
	return error;
}

int control_would_block(struct stage *stage, bool *blocks)
{
	const struct boundary boundary = {.phase = PHASE_DURING};
	struct trial trial;
	int restored;
	int error;

	memset(&trial, 0, sizeof(trial));
	error = trial_begin(&trial, stage, &boundary, true, NULL);
	if (!error)
		error = deliver_try_syscall(&trial, blocks);
	restored = trial_put_back(&trial);
	trial_free(&trial);
	return error ? error : restored;
}
