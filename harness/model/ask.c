/* SPDX-License-Identifier: MIT */
/* See ask.h. */
#include "harness/model/ask.h"

#include "harness/engine/remote_call.h"
#include "harness/model/trial.h"

#include <stdlib.h>
#include <string.h>

#define CALL_LIMIT 2.0 /* seconds */

static int call_in_copy(struct stage *stage, uint64_t function, uint64_t *result)
{
	const struct boundary boundary = {.pc = stage->walker.pc};
	struct trial trial;
	int restored;
	int error;

	memset(&trial, 0, sizeof(trial));
	error = trial_begin(&trial, stage, &boundary, true, NULL);
	if (!error)
		error = remote_call(trial.pid, function, NULL, 0, CALL_LIMIT, result);
	restored = trial_put_back(&trial);
	trial_free(&trial);
	return error ? error : restored;
}

int ask_copy(struct stage *stage, const char *function, uint64_t *result)
{
	uint64_t *functions;
	size_t count;
	bool is_new;
	int error = symbols_find(stage->walker.symbols, NULL, function, &functions, &count);

	if (error)
		return error;
	error = stage_save(stage, &is_new);
	if (!error)
		error = call_in_copy(stage, functions[0], result);
	free(functions);
	return error;
}
