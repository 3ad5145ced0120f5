/* SPDX-License-Identifier: MIT */
/* See ask.h. */
#include "harness/model/ask.h"

#include "harness/engine/remote_call.h"
#include "harness/model/trial.h"

#include <stdlib.h>
#include <string.h>

#define CALL_LIMIT 2.0 /* seconds */

static int call_in_copy(struct stage *stage, uint64_t function, const uint64_t *arguments,
			size_t count, uint64_t *result)
{
	const struct boundary boundary = {.pc = stage->walker.pc};
	struct trial trial;
	int restored;
	int error;

	memset(&trial, 0, sizeof(trial));
	error = trial_begin(&trial, stage, &boundary, true, NULL);
	if (!error)
		error = remote_call(trial.pid, function, arguments, count, CALL_LIMIT, result);
	restored = trial_put_back(&trial);
	trial_free(&trial);
	return error ? error : restored;
}

int ask_copy_about(struct stage *stage, const char *function, const uint64_t *arguments,
		   size_t count, uint64_t *result)
{
	uint64_t *functions;
	size_t found;
	bool is_new;
	int error = symbols_find(stage->walker.symbols, NULL, function, &functions, &found);

	if (error)
		return error;
	error = stage_save(stage, &is_new);
	if (!error)
		error = call_in_copy(stage, functions[0], arguments, count, result);
	free(functions);
	return error;
}

int ask_copy(struct stage *stage, const char *function, uint64_t *result)
{
	return ask_copy_about(stage, function, NULL, 0, result);
}
