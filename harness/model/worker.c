/* SPDX-License-Identifier: MIT */
/* See worker.h. */
#include "harness/model/worker.h"

#include "harness/base/alloc.h"
#include "harness/base/clock.h"
#include "harness/base/hash.h"
#include "harness/base/signals.h"
#include "harness/kernel/ptrace.h"
#include "harness/model/control.h"
#include "harness/model/interpreter.h"
#include "harness/model/notes.h"
#include "harness/model/story.h"
#include "harness/model/trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MISSED_MAX 3     /* trials at one boundary of which the CPU did not tell all */
#define FLUSH_EVERY 0.05 /* seconds that a result may wait on its way to the record */

/* What a walk carries along. */
struct walk {
	struct worker *worker;
	struct stage stage;
	struct window window;
	struct injection injection;
	struct control control;
	struct notes notes; /* lines that are written once: keys with an example, fidelity */
	void *oracle_states[ORACLES_MAX];
	double last_flush;
	char end[240]; /* why the walk ended */
	bool complete;
};

static int flush(struct walk *walk, bool at_once)
{
	const struct sink *sink = &walk->worker->sink;
	const double time = clock_now();

	if (!sink->flush || (!at_once && time - walk->last_flush < FLUSH_EVERY))
		return 0;
	walk->last_flush = time;
	return sink->flush(sink->context);
}

/* What is declared harmless needs an example of its own. */
static bool is_new(struct walk *walk, const struct story *story, size_t n)
{
	const char *benign = story->trial->boundary->benign;
	char key[STORY_KEY + ANNOUNCED_REASON + 1];

	story_key(story, n, key);
	if (benign)
		snprintf(key + strlen(key), sizeof(key) - strlen(key), "\n%s", benign);
	return notes_is_new(&walk->notes, key);
}

static int write_examples(struct walk *walk, const struct story *story)
{
	const struct sink *sink = &walk->worker->sink;
	bool is_violated = false;
	int error = 0;

	for (size_t i = 0; !error && i < story->count; i++) {
		if (story->verdicts[i].value != VERDICT_VIOLATED)
			continue;
		is_violated = true;
		if (is_new(walk, story, i))
			error = story_write_example(story, i, sink);
	}
	if (!error && walk->worker->tell_all && !is_violated)
		error = story_write_plain(story, sink);
	return error;
}

static int write_skip(struct walk *walk, const struct boundary *boundary, const char *reason)
{
	return story_write_line(json_pack("{s:s, s:I, s:o, s:o}", "type", "skip", "index",
					  (json_int_t)boundary->index, "pc",
					  json_sprintf("0x%llx", (unsigned long long)boundary->pc),
					  "reason", json_string(reason)),
				&walk->worker->sink);
}

static int tell_before(struct walk *walk, const struct boundary *boundary)
{
	const struct oracle *const *oracles = walk->worker->scenario->oracles;
	const struct trial trial = {.stage = &walk->stage, .boundary = boundary};
	int error = 0;

	for (size_t i = 0; !error && oracles[i]; i++)
		if (oracles[i]->before && stage_has_oracle(&walk->stage, i))
			error = oracles[i]->before(walk->oracle_states[i], &trial);
	return error;
}

/* A trial, made anew where the CPU has stopped it without saying why, as virtual ones rarely do. */
static int run_trial(struct walk *walk, const struct boundary *boundary, struct trial *trial)
{
	int left = MISSED_MAX;
	int error;

	memset(trial, 0, sizeof(*trial));
	do {
		trial_free(trial);
		memset(trial, 0, sizeof(*trial));
		error = tell_before(walk, boundary);
		if (!error)
			error = trial_run(trial, &walk->stage, boundary, false,
					  walk->oracle_states);
	} while (!error && trial->has_missed && left--);
	return error;
}

static int try_boundary(struct walk *walk, const struct boundary *boundary)
{
	struct trial trial;
	struct story story;
	int error = run_trial(walk, boundary, &trial);

	if (!error)
		error = went_settle(&trial);
	if (!error)
		went_measure_again(&trial);
	if (!error) {
		story_judge(&story, &trial);
		error = write_examples(walk, &story);
		if (!error)
			error = story_write_trial(&story, &walk->worker->sink);
		story_free(&story);
		walk->worker->injected += trial.delivery != DELIVERY_NOT;
	}
	trial_free(&trial);
	return error ? error : flush(walk, false);
}

/* A boundary of this job: a control first where the walker made a system call since the last. */
static int on_selected(struct walk *walk, const struct boundary *boundary)
{
	bool is_new;
	int error = stage_save(&walk->stage, &is_new);

	is_new = walk->control.made_at != walk->stage.saved_at;
	if (!error && is_new)
		error = notes_fidelity(&walk->notes, &walk->stage, &walk->worker->sink);
	if (!error && is_new)
		error = control_run(&walk->control, &walk->stage, boundary, walk->oracle_states);
	if (error)
		return error;
	return walk->control.is_sound ? try_boundary(walk, boundary)
				      : write_skip(walk, boundary, walk->control.reason);
}

static void hash_path(struct worker *worker, const struct boundary *boundary)
{
	worker->path_hash = hash_add(worker->path_hash, boundary->pc << 2 | boundary->phase);
}

static void end_because(struct walk *walk, bool complete, const char *why)
{
	walk->complete = complete;
	snprintf(walk->end, sizeof(walk->end), "%s", why);
}

static bool is_out_of_budget(struct walk *walk)
{
	if (!walk->worker->deadline || clock_now() < walk->worker->deadline)
		return false;
	end_because(walk, false, "the budget was used up");
	return true;
}

static const struct interpreter_place *within_python(const struct walk *walk,
						     const struct boundary *boundary)
{
	return boundary->python || !walk->stage.interpreter
		       ? NULL
		       : interpreter_place_now(walk->stage.interpreter);
}

static int walk_window(struct walk *walk)
{
	struct worker *worker = walk->worker;
	struct boundary boundary;
	int more;

	while ((more = worker->scenario->injector->next(&walk->injection, &boundary)) == 1) {
		int error = 0;

		boundary.walked = ++worker->walked;
		hash_path(worker, &boundary);
		if (trace_interrupted)
			return -EINTR;
		if (is_out_of_budget(walk))
			return 0;
		if (!window_is_eligible(&walk->window, &walk->stage.walker))
			continue;
		boundary.index = ++worker->eligible;
		if (selector_is_past(&worker->selector, boundary.index)) {
			end_because(walk, true, "the boundary asked for was passed");
			return 0;
		}
		boundary.benign = announced_reason(&walk->stage.announced);
		if (selector_wants(&worker->selector, boundary.index)) {
			boundary.within = within_python(walk, &boundary);
			error = on_selected(walk, &boundary);
		}
		if (error)
			return error;
	}
	return more;
}

static bool ended_as_baseline(const struct walk *walk)
{
	const struct walker *walker = &walk->stage.walker;
	const struct baseline *baseline = walk->worker->baseline;
	const struct outcome *outcome = &baseline->outcome;

	for (int i = 0; baseline->compare_output && i < CAPTURE_STREAMS; i++)
		if (!capture_equals(&walk->stage.capture, i, &baseline->streams[i], 0))
			return false;
	return outcome->kind == OUTCOME_SIGNAL
		       ? walker->end == WALKER_KILLED && walker->exit_signal == outcome->number
		       : walker->end == WALKER_EXITED && walker->exit_status == outcome->number;
}

/* The walker goes on to its own end, which must be the baseline's: copies left no trace in it. */
static int finish_walker(struct walk *walk)
{
	struct walker *walker = &walk->stage.walker;
	int error = walker_finish(walker);

	if (!error && walker->end == WALKER_STUCK && walk->worker->baseline->awaits_signal)
		error = walker_wake(walker, walk->worker->scenario->signal);
	if (error)
		return error;
	if (ended_as_baseline(walk))
		end_because(walk, true, "the window's end");
	else
		end_because(walk, false,
			    "the walker itself did not end as the baseline, so its copies or "
			    "something outside disturbed it");
	return 0;
}

static int settle_end(struct walk *walk)
{
	const struct walker *walker = &walk->stage.walker;

	if (*walk->end)
		return 0;
	if (walker->end != WALKER_RUNS) {
		int error = window_line_refuse(&walk->window);

		if (error)
			return error;
	}
	if (walker->end == WALKER_THREADS) {
		end_because(walk, false,
			    "the program started a second thread: copies by fork would have only "
			    "one, so nothing after it was tried");
		return 0;
	}
	if (walker->end == WALKER_LOST)
		return fail(-ESRCH, "%s was killed from outside while it was walked",
			    walk->worker->scenario->program);
	return finish_walker(walk);
}

static int write_walk(struct walk *walk)
{
	const struct worker *worker = walk->worker;

	return story_write_line(
		json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:s, s:b}", "type", "walk", "job",
			  (json_int_t)worker->selector.job, "walked", (json_int_t)worker->walked,
			  "eligible", (json_int_t)worker->eligible, "injected",
			  (json_int_t)worker->injected, "path_hash",
			  json_sprintf("0x%016llx", (unsigned long long)worker->path_hash), "end",
			  walk->end, "complete", walk->complete),
		&worker->sink);
}

static int begin_oracles(struct walk *walk)
{
	const struct oracle *const *oracles = walk->worker->scenario->oracles;
	int error = 0;

	for (size_t i = 0; !error && oracles[i]; i++)
		if (oracles[i]->begin && stage_has_oracle(&walk->stage, i))
			error = oracles[i]->begin(&walk->stage,
						  walk->worker->baseline->knowledge[i],
						  &walk->oracle_states[i]);
	return error;
}

static void end_oracles(struct walk *walk)
{
	const struct oracle *const *oracles = walk->worker->scenario->oracles;

	for (size_t i = 0; oracles[i]; i++)
		if (oracles[i]->end && stage_has_oracle(&walk->stage, i))
			oracles[i]->end(walk->oracle_states[i]);
}

static int would_block(void *context, bool *blocks)
{
	struct walk *walk = context;
	bool is_new;
	int error = stage_save(&walk->stage, &is_new);

	return error ? error : control_would_block(&walk->stage, blocks);
}

static int open_walk(struct walk *walk)
{
	struct worker *worker = walk->worker;
	const struct scenario *scenario = worker->scenario;
	int error = stage_start(&walk->stage);

	if (error)
		return error;
	walk->stage.walker.limit = worker->baseline->trial_limit;
	announced_follow(&walk->stage.announced, &walk->stage.walker);
	walk->window = window_of(&scenario->from, &scenario->to, scenario->in, scenario->signal);
	walk->injection = (struct injection){.walker = &walk->stage.walker,
					     .window = &walk->window,
					     .would_block = would_block,
					     .context = walk};
	error = window_enter(&walk->window, &walk->stage.walker);
	walk->stage.interpreter = walk->window.interpreter;
	walk->stage.unread_python =
		walk->window.has_unread_python ? walk->window.no_interpreter : NULL;
	if (!error)
		error = scenario->strategy->probe(&walk->stage.walker);
	if (!error && scenario->injector->probe)
		error = scenario->injector->probe(&walk->injection);
	if (!error)
		error = notes_modules(&walk->notes, &walk->stage, &worker->sink);
	if (!error)
		error = begin_oracles(walk);
	if (!error && scenario->injector->open)
		error = scenario->injector->open(&walk->injection);
	return error;
}

static int walk_all(struct walk *walk)
{
	int error = open_walk(walk);
	int written;

	if (error)
		return error;
	error = walk_window(walk);
	if (!error)
		error = settle_end(walk);
	if (error == -EINTR)
		end_because(walk, false, "interrupted");
	else if (error)
		end_because(walk, false, fail_text());
	written = notes_modules(&walk->notes, &walk->stage, &walk->worker->sink);
	if (!written)
		written = write_walk(walk);
	if (walk->injection.state && walk->worker->scenario->injector->close)
		walk->worker->scenario->injector->close(&walk->injection);
	end_oracles(walk);
	return error ? error : written;
}

int worker_run(struct worker *worker)
{
	struct walk *walk = alloc_zero(sizeof(*walk));
	int closed;
	int error;

	walk->worker = worker;
	worker->path_hash = HASH_START;
	error = stage_open(&walk->stage, worker->scenario, worker->baseline, &worker->resources);
	if (!error) {
		error = walk_all(walk);
		worker->steps = walk->stage.walker.steps;
		window_free(&walk->window);
		closed = stage_close(&walk->stage);
		error = error ? error : closed;
		closed = flush(walk, true);
		error = error ? error : closed;
	}
	notes_free(&walk->notes);
	free(walk);
	return error;
}
