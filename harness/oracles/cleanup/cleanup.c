/* SPDX-License-Identifier: MIT */
/*
 * Python cleanup that an interruption skips: finally blocks, __exit__ and __aexit__ that the
 * baseline runs and the trial does not. What a trial does after the exception has come up depends
 * on when that is, so one trial for each such moment is followed; the others have its verdict.
 */
#include "harness/oracles/cleanup/cleanup.h"

#include "harness/base/alloc.h"
#include "harness/base/signals.h"
#include "harness/kernel/memory.h"
#include "harness/model/evidence.h"
#include "harness/model/trial.h"
#include "harness/model/watch.h"
#include "harness/oracles/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES_MAX 256
#define LOOK_FRAMES 4 /* the loop, the look at what is pending, at signals, calling the handler */
#define DIRECT_CALL 0xe8
#define DIRECT_CALL_SIZE 5 /* opcode and a distance of four bytes */

struct oracle_state {
	struct dispatch *dispatch; /* NULL: not asked for yet */
	struct cleanup_codes codes;
	struct cleanup_rising *places;

	/* Of the present trial. */
	uint64_t tripped_at;
	unsigned int slot;
	bool is_watched;
	bool is_handled;      /* the Python handler was called, at: */
	uint64_t entered;     /* struct cleanup_course */
	uint64_t fingerprint; /* where boundaries are no opcodes */
	struct python_place frames[FRAMES_MAX];
	size_t frame_count;
};

static int begin(const struct stage *stage, void *knowledge, void **out)
{
	(void)stage;
	(void)knowledge;
	*out = alloc_zero(sizeof(struct oracle_state));
	return 0;
}

static void end(void *context)
{
	struct oracle_state *state = context;

	if (!state)
		return;
	cleanup_free_visits(&state->places);
	cleanup_codes_free(&state->codes);
	dispatch_free(state->dispatch);
	free(state);
}

static int before(void *context, const struct trial *trial)
{
	struct oracle_state *state = context;

	(void)trial;
	state->is_watched = false;
	state->is_handled = false;
	state->entered = 0;
	state->frame_count = 0;
	return 0;
}

static void watch(struct oracle_state *state, const struct trial *trial)
{
	const struct python *python;

	if (trial->is_control)
		return;
	python = interpreter_python(trial->stage->interpreter);
	state->is_watched = python_tripped_at(python, trial->stage->scenario->signal,
					      &state->tripped_at) == 0 &&
			    trial_watch(trial, WATCH_WRITE, state->tripped_at, sizeof(int32_t),
					&state->slot) == 0;
	fail_clear();
}

static void read_frames(struct oracle_state *state, const struct trial *trial, pid_t pid,
			const struct registers *registers)
{
	struct interpreter *interpreter = trial->stage->interpreter;
	uint64_t thread;
	ssize_t count = 0;

	if (interpreter_thread(interpreter, pid, registers, &thread) == 0)
		count = python_places(interpreter_python(interpreter), pid, thread, state->frames,
				      FRAMES_MAX);
	state->frame_count = count > 0 ? (size_t)count : 0;
	if (!trial->boundary->python)
		state->fingerprint = cleanup_fingerprint(pid, state->frames, state->frame_count);
	fail_clear();
}

/* Is the innermost frame at the call of an __enter__? Of which blocks? */
static uint64_t blocks_entered(struct oracle_state *state, const struct trial *trial)
{
	const struct python *python = interpreter_python(trial->stage->interpreter);
	const struct python_blocks *blocks;
	int code;

	if (!state->frame_count)
		return 0;
	code = cleanup_codes_find(&state->codes, python, trial->pid, state->frames[0].code, true);
	if (code < 0)
		return 0;
	blocks = &state->codes.list[code]->blocks;
	for (int offset = state->frames[0].offset; offset >= 0; offset -= 2) {
		const struct python_step *step = python_blocks_step(blocks, offset);

		if (step)
			return step->enters;
	}
	return 0;
}

/* Was the frame's function called by a call instruction with a fixed target? */
static bool is_direct_call(const struct trial *trial, uint64_t return_address)
{
	uint8_t code;

	return memory_read(trial->pid, return_address - DIRECT_CALL_SIZE, &code, sizeof(code)) ==
		       0 &&
	       code == DIRECT_CALL;
}

/*
 * Does the interpreter's loop itself look at signals here, the opcode being over? Else a C function
 * does that it has called: that is never called directly, but through a pointer, or by one of the
 * functions that call objects.
 */
static bool is_loops_own_look(const struct trial *trial)
{
	struct walker *walker = &trial->stage->walker;
	struct frame frames[LOOK_FRAMES];
	const size_t count = unwind_stack(walker->unwinder, trial->pid, &trial->watch_registers,
					  frames, LOOK_FRAMES, NULL);

	for (size_t i = 1; i < count; i++) {
		struct place place = {0};

		if (!interpreter_is_loop(trial->stage->interpreter, frames[i].pc - 1))
			continue;
		(void)symbols_place(
			walker->symbols,
			frames[i - 1].is_exact ? frames[i - 1].pc : frames[i - 1].pc - 1, &place);
		return is_direct_call(trial, frames[i].pc) &&
		       !(place.function && strcasestr(place.function, "call"));
	}
	return false;
}

/* The mark is set by the handler in C and cleared where the one in Python is called. */
static void on_write(struct oracle_state *state, const struct trial *trial)
{
	int32_t tripped;

	if (memory_read(trial->pid, state->tripped_at, &tripped, sizeof(tripped)) || tripped)
		return;
	state->is_handled = true;
	read_frames(state, trial, trial->pid, &trial->watch_registers);
	state->entered = blocks_entered(state, trial);
	if (state->entered && !is_loops_own_look(trial))
		state->entered = 0;
	trial_unwatch(trial, state->slot);
}

static int on_stop(void *context, const struct trial *trial, enum oracle_moment moment)
{
	if (moment == MOMENT_BEGUN)
		watch(context, trial);
	else if (moment == MOMENT_WATCHED)
		on_write(context, trial);
	return 0;
}

/* The walker's frames, with the numbers of their code. */
static size_t frames_at_boundary(struct oracle_state *state, const struct trial *trial,
				 struct cleanup_event *events)
{
	const struct python *python = interpreter_python(trial->stage->interpreter);
	struct walker *walker = &trial->stage->walker;
	const struct registers *registers;
	size_t count = 0;

	if (walker_registers(walker, &registers))
		return 0;
	read_frames(state, trial, walker->pid, registers);
	for (size_t i = 0; i < state->frame_count; i++) {
		const struct python_place *frame = &state->frames[i];
		const int code =
			cleanup_codes_find(&state->codes, python, walker->pid, frame->code, true);

		if (code >= 0)
			events[count++] = (struct cleanup_event){
				.frame = frame->frame, .code = code, .offset = frame->offset};
	}
	return count;
}

static int take_dispatch(struct oracle_state *state, const struct trial *trial)
{
	struct dispatch *dispatch;
	int error;

	if (state->dispatch)
		return 0;
	error = interpreter_dispatch(trial->stage->interpreter, &dispatch);
	if (!error)
		state->dispatch = dispatch_copy(dispatch);
	return error;
}

/*
 * Without a breakpoint of the CPU it was not seen who looked at signals. That matters only where
 * the exception comes up at the call of an __enter__: is the block entered then?
 */
static bool is_unsure(struct oracle_state *state, const struct cleanup_course *got,
		      const struct cleanup_event *frames, size_t count)
{
	const struct cleanup_event *last =
		got->handled_at ? &got->events[got->handled_at - 1] : frames;
	const struct python_step *step;

	if (state->is_watched || !got->has_handled || (!got->handled_at && !count))
		return false;
	step = python_blocks_step(&state->codes.list[last->code]->blocks, last->offset);
	return step && step->enters;
}

static int follow_both(struct oracle_state *state, const struct trial *trial,
		       struct cleanup_rising *rising)
{
	const struct python_image *image =
		python_image(interpreter_python(trial->stage->interpreter));
	struct cleanup_event frames[FRAMES_MAX];
	struct cleanup_course expected = {0};
	struct cleanup_course got = {0};
	int error = take_dispatch(state, trial);

	if (!error)
		error = cleanup_follow(trial->stage, trial->boundary, state->dispatch,
				       &state->codes, NULL, &expected);
	if (!error && expected.unknown) { /* what is too long is not asked for again */
		rising->recurs = false;
		error = fail(-ENOTSUP, "%s", expected.unknown);
	}
	if (!error)
		error = cleanup_follow(trial->stage, trial->boundary, state->dispatch,
				       &state->codes, &expected, &got);
	if (!error) {
		const size_t count = frames_at_boundary(state, trial, frames);

		if (is_unsure(state, &got, frames, count))
			error = fail(-ENOTSUP,
				     "this machine has no watchpoints, so that it was not "
				     "seen whether __enter__ had returned");
		cleanup_note_visit(rising, trial->boundary, frames, count, &expected, &got);
		got.entered = state->entered;
		if (!error)
			rising->count =
				cleanup_compare(&state->codes, image->version >> 16 & 0xff, frames,
						count, &expected, &got, rising->losses);
		if (!error && rising->count < 0)
			error = (int)rising->count;
	}
	cleanup_course_free(&expected);
	cleanup_course_free(&got);
	return error;
}

/* Where the exception comes up; where that was not seen, the boundary itself. */
static char *key_of(struct oracle_state *state, const struct trial *trial)
{
	char outcome[OUTCOME_TEXT];
	char *key = alloc_format("%s %s %llx", outcome_text(&trial->outcome, outcome),
				 state->is_handled ? "handled" : "boundary",
				 (unsigned long long)state->entered);

	if (!state->is_handled) {
		const struct registers *registers;

		if (walker_registers(&trial->stage->walker, &registers) == 0)
			read_frames(state, trial, trial->stage->walker.pid, registers);
	}
	for (size_t i = 0; i < state->frame_count; i++) {
		char *longer =
			alloc_format("%s %llx+%d", key, (unsigned long long)state->frames[i].code,
				     state->frames[i].offset);

		free(key);
		key = longer;
	}
	if (!state->is_handled) {
		char *longer =
			alloc_format("%s %llx", key, (unsigned long long)trial->boundary->pc);

		free(key);
		key = longer;
	}
	return key;
}

static const struct cleanup_rising *find_visit(struct oracle_state *state,
					       const struct trial *trial)
{
	char *key = key_of(state, trial);
	bool is_known;
	struct cleanup_rising *rising = cleanup_find_visit(&state->places, key, trial->boundary,
							   state->fingerprint, &is_known);

	if (!is_known && follow_both(state, trial, rising)) {
		rising->count = -1;
		free(rising->reason);
		rising->reason = alloc_text(fail_text());
		fail_clear();
	}
	return rising;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void tell(const struct oracle_state *state, const struct cleanup_loss *loss,
		 struct verdict *verdict)
{
	const struct cleanup_code *code = state->codes.list[loss->code];
	const struct cleanup_code *missing = state->codes.list[loss->missing_code];
	const char *what = loss->is_with ? "the end of the with statement" : "the finally block";

	verdict->value = VERDICT_VIOLATED;
	verdict->severity = SEVERITY_ERROR;
	verdict->kind = loss->has_begun ? "broken-off" : "skipped";
	snprintf(verdict->place, sizeof(verdict->place), "%.120s:%.120s:%d", last_part(code->file),
		 code->function, loss->line);
	if (loss->code == loss->missing_code)
		snprintf(verdict->title, sizeof(verdict->title),
			 loss->has_begun ? "%s at %.60s:%d (%.60s) is broken off before line %d"
					 : "%s at %.60s:%d (%.60s) is skipped, from line %d on",
			 what, last_part(code->file), loss->line, code->function, loss->missing);
	else
		snprintf(verdict->title, sizeof(verdict->title),
			 "%s at %.50s:%d (%.50s) is %s: %.40s:%d is not reached", what,
			 last_part(code->file), loss->line, code->function,
			 loss->has_begun ? "broken off" : "skipped", last_part(missing->file),
			 loss->missing);
	verdict->evidence = json_pack(
		"{s:{s:o, s:i, s:o, s:s, s:{s:o, s:i}}}", "cleanup", "file",
		evidence_text(code->file, strlen(code->file), 4096), "line", loss->line, "function",
		evidence_text(code->function, strlen(code->function), 256), "statement",
		loss->is_with ? "with" : "finally", "missing", "file",
		evidence_text(missing->file, strlen(missing->file), 4096), "line", loss->missing);
}

static bool is_judged(const struct oracle_state *state, const struct trial *trial)
{
	if (trial->delivery != DELIVERY_ENTERED && !trial->is_late)
		return false;
	if (trial->outcome.kind == OUTCOME_SIGNAL &&
	    trial->outcome.number != trial->stage->scenario->signal)
		return false;
	if (trial->outcome.kind == OUTCOME_SAME && state->is_watched && !state->is_handled)
		return false;
	return trial->outcome.kind == OUTCOME_SAME || trial->outcome.kind == OUTCOME_EXIT ||
	       trial->outcome.kind == OUTCOME_SIGNAL;
}

static size_t judge(void *context, const struct trial *trial, struct verdict *verdicts)
{
	struct oracle_state *state = context;
	const struct cleanup_rising *rising;

	if (trial->watches_lost && state->is_watched && !state->is_handled) {
		verdicts->value = VERDICT_UNKNOWN;
		snprintf(verdicts->title, sizeof(verdicts->title), "%s", TRIAL_WATCHES_LOST);
		return 1;
	}
	if (!is_judged(state, trial))
		return 0;
	rising = find_visit(state, trial);
	if (rising->count < 0) {
		verdicts->value = VERDICT_UNKNOWN;
		snprintf(verdicts->title, sizeof(verdicts->title), "%.230s", rising->reason);
		return 1;
	}
	for (ssize_t i = 0; i < rising->count; i++)
		tell(state, &rising->losses[i], &verdicts[i]);
	return (size_t)rising->count;
}

const struct oracle oracle_cleanup = {
	.name = "cleanup",
	.help = "CPython: finally blocks and __exit__ calls that an interruption skips",
	.needs = ORACLE_NEEDS_WATCH | ORACLE_NEEDS_PYTHON,
	.begin = begin,
	.before = before,
	.on_stop = on_stop,
	.judge = judge,
	.end = end,
};
