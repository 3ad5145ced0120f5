/* SPDX-License-Identifier: MIT */
/* See went.h. */
#include "harness/model/went.h"

#include "harness/base/alloc.h"
#include "harness/base/clock.h"
#include "harness/kernel/watch_step.h"
#include "harness/model/callee.h"
#include "harness/model/evidence.h"
#include "harness/model/oracle.h"
#include "harness/model/trial.h"
#include "harness/model/watch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int watch(void *context, struct python_word word, unsigned int *slot)
{
	const struct trial *trial = context;

	trial->stage->watches.told = WATCH_OF_WENT;
	return trial_watch(trial, WATCH_WRITE, word.address, word.size, slot);
}

static void unwatch(void *context, unsigned int slot)
{
	trial_unwatch(context, slot);
}

static size_t unwind(void *context, struct frame *frames, size_t max, bool *complete)
{
	const struct trial *trial = context;
	struct registers registers;

	if (trace_get_registers(trial->pid, &registers))
		return 0;
	return unwind_stack(trial->stage->walker.unwinder, trial->pid, &registers, frames, max,
			    complete);
}

/* The copy's time on the CPU. Where it is stepped, for want of watches, that is not its own: an
 * instruction then counts as a nanosecond. */
static uint64_t own_time(const struct trial *trial)
{
	const uint64_t now = clock_of_process(trial->pid);
	const struct watch_step_cost cost = watch_step_cost(trial->pid);

	return now > cost.cpu ? now - cost.cpu + cost.steps : 0;
}

bool went_is_needed(const struct trial *trial, unsigned int need)
{
	const struct oracle *const *oracles = trial->stage->scenario->oracles;
	bool is_needed = false;

	for (size_t i = 0; oracles[i]; i++)
		is_needed |= (oracles[i]->needs & need) != 0;
	return is_needed;
}

void went_begin(struct trial *trial)
{
	struct track *track = &trial->went.track;
	const struct registers *registers;
	uint64_t thread;

	/* Following is dear: only if somebody asks. */
	if (trial->is_control || !trial->stage->interpreter ||
	    !went_is_needed(trial, ORACLE_NEEDS_WENT))
		return;
	track->interpreter = trial->stage->interpreter;
	track->pid = trial->pid;
	track->signal = trial->stage->scenario->signal;
	track->watch = watch;
	track->unwatch = unwatch;
	track->unwind = unwind;
	track->context = trial;
	track->is_stepped = !trace_has_watches();
	if (walker_registers(&trial->stage->walker, &registers) ||
	    interpreter_main_thread(track->interpreter, trial->pid, registers, &thread)) {
		fail_clear();
		return;
	}
	track_begin(track, thread);
}

static bool is_on(const struct trial *trial)
{
	return trial->went.track.state != TRACK_OFF && trial->went.track.state != TRACK_DONE;
}

void went_delivered(struct trial *trial)
{
	if (is_on(trial))
		trial->went.delivered = own_time(trial);
}

/* Names the C function that Python code has called; "": none. */
static void name_callee(const struct trial *trial, const struct frame *frames, size_t count,
			char name[WENT_BY])
{
	struct callee_name callee;

	if (callee_find(&trial->stage->walker, trial->stage->interpreter, trial->pid, frames, count,
			&callee))
		snprintf(name, WENT_BY, "%s:%s", callee.module, callee.function);
}

static void note_over(struct trial *trial)
{
	struct frame frames[TRIAL_FRAMES];

	if (*trial->went.track.over)
		name_callee(trial, frames, unwind(trial, frames, TRIAL_FRAMES, NULL),
			    trial->went.over_by);
}

void went_hit(struct trial *trial, unsigned int slots)
{
	struct went *went = &trial->went;
	const enum track_state before = went->track.state;

	/* The first thing, so that reading is not counted. */
	if (before == TRACK_SIGNAL && !went->delivered)
		went->delivered = own_time(trial);
	else if (before == TRACK_PENDING)
		went->entered = own_time(trial);
	track_hit(&went->track, slots);
	if (before == TRACK_PENDING)
		note_over(trial);
	if (went->track.state == TRACK_PENDING)
		went->entered = 0;
}

void went_miss(struct trial *trial)
{
	if (is_on(trial))
		track_give_up(&trial->went.track,
			      "the CPU stopped it without saying at which watch");
}

/* An end that the program has without the signal shows that nobody had to catch anything; so does
 * its status, but for the one that CPython gives it for an exception that nobody catches. */
static enum track_end end_of(const struct trial *trial)
{
	const struct outcome *baseline = &trial->stage->baseline->outcome;

	if (trial->stage->baseline->awaits_signal)
		return TRACK_END_OTHER;
	if (trial->outcome.kind == OUTCOME_SAME)
		return TRACK_END_SAME;
	return trial->outcome.kind == OUTCOME_EXIT && baseline->kind == OUTCOME_EXIT &&
			       trial->outcome.number == baseline->number && baseline->number != 1
		       ? TRACK_END_STATUS
		       : TRACK_END_OTHER;
}

/*
 * The watches were given up. Whether the signal is still to be acted on can be read; if not, it was
 * acted on at some time before this look.
 */
static void settle_lost(struct trial *trial)
{
	struct went *went = &trial->went;

	if (!is_on(trial) || !watch_step_is_lost(trial->pid))
		return;
	if (went->track.state == TRACK_PENDING && track_is_pending(&went->track))
		return;
	if (went->track.state == TRACK_PENDING)
		went->entered = went->is_sampled ? own_time(trial) : went->delivered + 1;
	track_give_up(&went->track, TRIAL_WATCHES_LOST);
}

void went_at_end(struct trial *trial)
{
	struct went *went = &trial->went;

	settle_lost(trial);
	if (!is_on(trial))
		return;
	if (went->track.state == TRACK_PENDING && went->delivered)
		went->entered = own_time(trial);
	track_end(&went->track, true, end_of(trial));
}

double went_sample_due(const struct trial *trial)
{
	const struct went *went = &trial->went;
	uint64_t now;

	if (went->track.state != TRACK_PENDING || went->is_sampled || !went->delivered)
		return HUGE_VAL;
	now = own_time(trial);
	return now ? trial->stage->scenario->max_latency - (double)(now - went->delivered) * 1e-9
		   : HUGE_VAL;
}

void went_sample(struct trial *trial)
{
	struct walker *walker = &trial->stage->walker;
	struct interpreter *interpreter = trial->stage->interpreter;
	struct frame frames[TRIAL_FRAMES];
	struct python_stack python = {0};
	struct registers registers;
	bool complete;
	size_t count;

	settle_lost(trial);
	if (trial->went.track.state != TRACK_PENDING || trace_get_registers(trial->pid, &registers))
		return;
	trial->went.is_sampled = true;
	count = unwind_stack(walker->unwinder, trial->pid, &registers, frames, TRIAL_FRAMES,
			     &complete);
	name_callee(trial, frames, count, trial->went.busy);
	python_stack_take(&python, interpreter, trial->pid, &registers);
	trial->went.busy_stack =
		evidence_mixed_stack(walker, interpreter, frames, count, complete, &python);
	python_stack_free(&python);
}

void went_free(struct went *went)
{
	json_decref(went->busy_stack);
	went->busy_stack = NULL;
}

void went_end(struct trial *trial)
{
	if (is_on(trial) && trial->watches_lost)
		track_give_up(&trial->went.track, TRIAL_WATCHES_LOST);
	if (is_on(trial))
		track_end(&trial->went.track, false, end_of(trial));
}

double went_seconds(const struct went *went)
{
	return went->delivered && went->entered > went->delivered
		       ? (double)(went->entered - went->delivered) * 1e-9
		       : 0;
}

json_t *went_microseconds(const struct trial *trial)
{
	return json_integer((json_int_t)llround(went_seconds(&trial->went) * 1e6));
}

static void add_place(json_t *object, const char *name, const struct interpreter_place *place)
{
	if (place)
		json_object_set_new(object, name, json_loads(place->json, 0, NULL));
}

json_t *went_json(const struct trial *trial, bool with_time)
{
	const struct track *track = &trial->went.track;
	json_t *object;

	if (track->kind == WENT_NONE)
		return NULL;
	object = json_pack("{s:s}", "kind", went_text(track->kind));
	if (*track->exception)
		json_object_set_new(object, "exception",
				    evidence_text(track->exception, strlen(track->exception),
						  sizeof(track->exception)));
	add_place(object, "entered", track->entered);
	if (*track->over)
		json_object_set_new(
			object, "over",
			evidence_text(track->over, strlen(track->over), sizeof(track->over)));
	add_place(object, "raised", track->raised);
	add_place(object, "at", track->at);
	if (*trial->went.by)
		json_object_set_new(object, "by",
				    evidence_text(trial->went.by, strlen(trial->went.by), WENT_BY));
	if (*track->reason)
		json_object_set_new(object, "reason", json_string(track->reason));
	if (with_time && went_seconds(&trial->went) > 0)
		json_object_set_new(object, "microseconds", went_microseconds(trial));
	return object;
}

char *went_text_json(const struct trial *trial)
{
	json_t *object = went_json(trial, true);
	char *text = object ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	json_decref(object);
	return text;
}
