/* SPDX-License-Identifier: MIT */
/*
 * How long a CPython took to call its handler. In instructions and opcodes: counted in two more
 * copies, since counting is dear, for worked examples only. In time, where a copy took too long: it
 * is made once more with pages of its own, since a copy that writes all of its memory, if only to
 * count references, spends most of its time in copying that.
 */
#include "harness/base/clock.h"
#include "harness/kernel/memory.h"
#include "harness/kernel/private.h"
#include "harness/model/follow.h"
#include "harness/model/oracle.h"
#include "harness/model/trial.h"

#include <stdlib.h>

#define INSTRUCTIONS_MAX 10000 /* stepped */
#define OPCODES_MAX 10000

struct count {
	struct stage *stage;
	struct walker *follower;
	struct follow follow;
	struct dispatch *dispatch;
	struct python_word word; /* of the signal */
	bool is_noted;           /* the C handler has set it */
	bool is_called;          /* the Python handler is called */
	uint64_t instructions;
	uint64_t opcodes;
	uint64_t nanoseconds;
};

/* Looks whether the word has changed. */
static void look(struct count *count)
{
	int32_t value;

	if (memory_read(count->follower->pid, count->word.address, &value, sizeof(value)))
		return;
	count->is_called |= count->is_noted && !value;
	count->is_noted |= value != 0;
}

static int step_through(void *context, struct walker *follower, const struct trial *trial)
{
	struct count *count = context;
	int error = 0;

	(void)trial;
	count->follower = follower;
	while (!error && !count->is_called && follower->end == WALKER_RUNS &&
	       count->instructions < INSTRUCTIONS_MAX) {
		error = walker_step(follower);
		count->instructions++;
		look(count);
	}
	return error;
}

static int on_opcode(void *context)
{
	struct count *count = context;
	struct dispatch_instruction instruction;
	const struct registers *registers;
	uint64_t thread;

	look(count);
	count->follow.is_done = count->is_called || count->opcodes == OPCODES_MAX;
	if (count->follow.is_done || walker_registers(count->follower, &registers) ||
	    interpreter_thread(count->stage->interpreter, count->follower->pid, registers,
			       &thread) ||
	    dispatch_instruction(count->dispatch, count->follower->pid, thread, registers,
				 &instruction)) {
		fail_clear();
		return 0;
	}
	count->opcodes += !instruction.is_again;
	return 0;
}

static int on_change(void *context)
{
	struct count *count = context;

	look(count);
	count->follow.is_done = count->is_called;
	return 0;
}

static int run_through(void *context, struct walker *follower, const struct trial *trial)
{
	struct count *count = context;
	const uint64_t *points;
	size_t point_count;
	int error = trace_set_watch(follower->pid, 0, WATCH_WRITE, count->word.address,
				    count->word.size);

	(void)trial;
	/* The window's own compares a stop with the one before, which is the walker's. */
	if (!error)
		error = dispatch_open(interpreter_python(count->stage->interpreter), follower->pid,
				      &count->dispatch);
	if (error)
		return error;
	follower->watches = 1;
	count->follower = follower;
	points = dispatch_points(count->dispatch, &point_count);
	for (size_t i = 0; !error && i < point_count; i++)
		error = walker_add_breakpoint(follower, points[i]);
	count->follow = (struct follow){.walker = follower,
					.context = count,
					.on_breakpoint = on_opcode,
					.on_watch = on_change};
	if (!error)
		error = follow_run(&count->follow);
	dispatch_free(count->dispatch);
	return error;
}

static int run_at_full_speed(void *context, struct walker *follower, const struct trial *trial)
{
	struct count *count = context;
	uint64_t begun;
	int error = private_pages(follower->pid);

	(void)trial;
	count->follower = follower;
	if (!error)
		error = trace_set_watch(follower->pid, 0, WATCH_WRITE, count->word.address,
					count->word.size);
	if (error)
		return error;
	look(count); /* before the handler in C has run, or after */
	follower->watches = 1;
	count->follow =
		(struct follow){.walker = follower, .context = count, .on_watch = on_change};
	begun = clock_of_process(follower->pid);
	error = follow_run(&count->follow);
	count->nanoseconds = clock_of_process(follower->pid) - begun;
	return error;
}

static bool run(const struct trial *trial, struct count *count,
		int (*drive)(void *context, struct walker *follower, const struct trial *trial))
{
	const struct retrace retrace = {.with_signal = true,
					.limit = trial->stage->baseline->trial_limit,
					.drive = drive,
					.context = count};
	int error;

	*count = (struct count){.stage = trial->stage};
	error = python_signal_word(interpreter_python(trial->stage->interpreter),
				   trial->stage->scenario->signal, &count->word);
	if (!error)
		error = retrace_run(&retrace, trial->stage, trial->boundary);
	if (error)
		fail_clear();
	return !error && count->is_called;
}

json_t *went_latency(const struct trial *trial)
{
	json_t *object;
	struct count count;

	if (went_seconds(&trial->went) <= 0)
		return json_null();
	object = json_object();
	if (trial->went.track.kind != WENT_PENDING) {
		/* One that was sampled ran for far longer than can be stepped. */
		if (!trial->went.is_sampled && run(trial, &count, step_through))
			json_object_set_new(object, "instructions",
					    json_integer((json_int_t)count.instructions));
		if (run(trial, &count, run_through))
			json_object_set_new(object, "opcodes",
					    json_integer((json_int_t)count.opcodes));
	}
	json_object_set_new(object, "microseconds", went_microseconds(trial));
	return object;
}

void went_measure_again(struct trial *trial)
{
	struct went *went = &trial->went;
	struct count count;

	if (went_seconds(went) <= trial->stage->scenario->max_latency ||
	    went->track.kind == WENT_PENDING || went->track.is_stepped ||
	    !went_is_needed(trial, ORACLE_NEEDS_LATENCY) || !run(trial, &count, run_at_full_speed))
		return;
	if (count.nanoseconds < went->entered - went->delivered)
		went->entered = went->delivered + count.nanoseconds;
}
