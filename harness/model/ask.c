/* SPDX-License-Identifier: MIT */
/* See ask.h. */
#include "harness/model/ask.h"

#include "harness/engine/remote_call.h"
#include "harness/engine/thread_blocks.h"
#include "harness/model/trial.h"

#include <stdlib.h>
#include <string.h>

#define CALL_LIMIT 2.0 /* seconds */

struct question {
	const uint64_t *arguments;
	size_t count;
	uint64_t thread;              /* with blocks */
	struct thread_blocks *blocks; /* in: before; out: after; NULL: not asked */
};

static int call_in_copy(struct stage *stage, uint64_t function, const struct question *question,
			uint64_t *result)
{
	const struct boundary boundary = {.pc = stage->walker.pc};
	struct trial trial;
	int restored;
	int error;

	memset(&trial, 0, sizeof(trial));
	error = trial_begin(&trial, stage, &boundary, true, NULL);
	if (!error)
		error = remote_call(trial.pid, function, question->arguments, question->count,
				    CALL_LIMIT, result);
	if (!error && question->blocks)
		error = thread_blocks_read(trial.pid, question->thread, question->blocks);
	restored = trial_put_back(&trial);
	trial_free(&trial);
	return error ? error : restored;
}

static int ask(struct stage *stage, const char *function, const struct question *question,
	       uint64_t *result)
{
	uint64_t *functions;
	size_t found;
	bool is_new;
	int error = symbols_find(stage->walker.symbols, NULL, function, &functions, &found);

	if (error)
		return error;
	error = stage_save(stage, &is_new);
	if (!error)
		error = call_in_copy(stage, functions[0], question, result);
	free(functions);
	return error;
}

int ask_copy_about(struct stage *stage, const char *function, const uint64_t *arguments,
		   size_t count, uint64_t *result)
{
	const struct question question = {.arguments = arguments, .count = count};

	return ask(stage, function, &question, result);
}

int ask_copy_thread(struct stage *stage, const char *function, uint64_t *address,
		    struct thread_blocks *blocks, bool *is_there)
{
	struct thread_blocks after;
	const struct registers *registers;
	struct question question = {.blocks = &after};
	int error = walker_registers(&stage->walker, &registers);

	if (error)
		return error;
	question.thread = registers_thread_pointer(registers);
	error = thread_blocks_read(stage->walker.pid, question.thread, blocks);
	if (!error)
		error = ask(stage, function, &question, address);
	*is_there = !error && thread_blocks_equal(blocks, &after);
	return error;
}

int ask_copy(struct stage *stage, const char *function, uint64_t *result)
{
	return ask_copy_about(stage, function, NULL, 0, result);
}
