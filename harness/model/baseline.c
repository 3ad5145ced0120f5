/* SPDX-License-Identifier: MIT */
/* See baseline.h. */
#include "harness/model/baseline.h"

#include "harness/base/alloc.h"
#include "harness/base/clock.h"
#include "harness/base/hash.h"
#include "harness/engine/undo.h"
#include "harness/model/evidence.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define BASELINE_LIMIT 60.0 /* seconds that it may sleep without proof that it is for ever */
#define SHORTEST_TRIAL_LIMIT 10.0
#define SHORTEST_CPU_LIMIT 0.5
#define TRIAL_FACTOR 20.0
#define LAST_WORDS 200
#define OUTPUT_MAX ((size_t)256 << 20) /* bytes of a stream that are kept and compared */

/* The tail of what it printed on standard error, for a message. */
static void last_words(const struct baseline *baseline, char *words, size_t size)
{
	const struct text *text = &baseline->streams[CAPTURE_ERR];
	const size_t from = text->size > LAST_WORDS ? text->size - LAST_WORDS : 0;
	size_t length = 0;

	for (size_t i = from; i < text->size && length + 1 < size; i++) {
		const char byte = text->bytes[i];

		if ((unsigned char)byte >= ' ')
			words[length++] = byte;
		else if (length && words[length - 1] != ' ')
			words[length++] = ' ';
	}
	if (length && words[length - 1] == ' ')
		length--;
	words[length] = '\0';
}

static bool is_passing(const struct baseline *baseline, const struct scenario *scenario)
{
	const struct outcome *outcome = &baseline->outcome;

	if (baseline->awaits_signal &&
	    (outcome->kind == OUTCOME_SIGNAL ? outcome->number == scenario->signal
					     : outcome->number == 128 + scenario->signal))
		return true;
	return outcome->kind == OUTCOME_EXIT && outcome->number == scenario->baseline_status;
}

static int check_passing(const struct baseline *baseline, const struct scenario *scenario)
{
	char ended[OUTCOME_TEXT];
	char words[LAST_WORDS + 1];

	if (is_passing(baseline, scenario))
		return 0;
	outcome_text(&baseline->outcome, ended);
	last_words(baseline, words, sizeof(words));
	return fail(
		-ENOEXEC,
		"%s ends with %s even without the signal%s%s: nothing can be said about the rest "
		"(a status that is meant to be is given with --status)",
		scenario->program, ended, *words ? ", its last words: " : "", words);
}

static int read_end(struct stage *stage, struct baseline *baseline)
{
	const struct walker *walker = &stage->walker;
	int error = 0;

	if (walker->end == WALKER_EXITED)
		baseline->outcome = (struct outcome){OUTCOME_EXIT, walker->exit_status};
	else if (walker->end == WALKER_KILLED)
		baseline->outcome = (struct outcome){OUTCOME_SIGNAL, walker->exit_signal};
	else
		return fail(-EDEADLK, "%s sleeps %s, with the signal and without it: %s",
			    stage->scenario->program,
			    walker->asleep.verdict == ASLEEP_LONG ? "on" : "for ever",
			    walker->asleep.why);
	for (int i = 0; !error && i < CAPTURE_STREAMS; i++)
		error = capture_read(&stage->capture, i, OUTPUT_MAX, &baseline->streams[i]);
	if (!error && capture_weight(&stage->capture) > (off_t)OUTPUT_MAX)
		error = fail(-EFBIG, "%s prints more than %zu MiB: too much to compare",
			     stage->scenario->program, OUTPUT_MAX >> 20);
	return error;
}

static int run_once(struct stage *stage, struct baseline *baseline)
{
	const double start = clock_now();
	int error = stage_start(stage);

	if (error)
		return error;
	stage->walker.limit =
		stage->scenario->timeout > 0 ? stage->scenario->timeout : BASELINE_LIMIT;
	error = walker_finish(&stage->walker);
	if (!error && stage->walker.end == WALKER_STUCK) {
		baseline->awaits_signal = true;
		if (stage->walker.asleep.verdict == ASLEEP_LONG)
			baseline->sleeps = alloc_text(stage->walker.asleep.why);
		error = walker_wake(&stage->walker, stage->scenario->signal);
	}
	baseline->executes = stage->walker.execed;
	baseline->seconds = clock_now() - start;
	return error ? error : read_end(stage, baseline);
}

static void note_changed(void *context, const char *path, bool before, bool now)
{
	(void)before;
	(void)now;
	list_add(context, path);
}

static bool has_common(const struct list *a, const struct list *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t n = 0; n < b->count; n++)
			if (strcmp(a->items[i], b->items[n]) == 0)
				return true;
	return false;
}

static int run_in_stage(struct baseline *baseline, const struct scenario *scenario,
			const struct resources *resources, struct list *changed)
{
	struct stage stage;
	int closed;
	int error = stage_open(&stage, scenario, NULL, resources);

	if (error)
		return error;
	error = run_once(&stage, baseline);
	undo_each(stage.guard.undo, stage.undo_start, note_changed, changed);
	closed = stage_close(&stage);
	return error ? error : closed;
}

static bool same_text(const struct text *a, const struct text *b)
{
	return a->size == b->size && a->bytes && b->bytes &&
	       memcmp(a->bytes, b->bytes, a->size) == 0;
}

static double at_least(double value, double least)
{
	return value > least ? value : least;
}

static void set_limits(struct baseline *baseline, const struct scenario *scenario)
{
	baseline->trial_limit = at_least(baseline->seconds * TRIAL_FACTOR, SHORTEST_TRIAL_LIMIT);
	baseline->cpu_limit = at_least(baseline->seconds * TRIAL_FACTOR, SHORTEST_CPU_LIMIT);
	if (scenario->timeout > 0) {
		baseline->trial_limit = scenario->timeout;
		baseline->cpu_limit = scenario->timeout;
	}
}

static int compare(struct baseline *baseline, const struct baseline *again,
		   const struct scenario *scenario)
{
	if (baseline->outcome.kind != again->outcome.kind ||
	    baseline->outcome.number != again->outcome.number)
		return fail(-EILSEQ, "%s ends now one way and now another without any signal",
			    scenario->program);
	baseline->compare_output = true;
	for (int i = 0; i < CAPTURE_STREAMS; i++)
		baseline->compare_output &= same_text(&baseline->streams[i], &again->streams[i]);
	baseline->seconds = at_least(baseline->seconds, again->seconds);
	return 0;
}

int baseline_run(struct baseline *baseline, const struct scenario *scenario,
		 const struct resources *resources)
{
	struct baseline again = {0};
	struct list first = {0};
	struct list second = {0};
	int error;

	memset(baseline, 0, sizeof(*baseline));
	error = run_in_stage(baseline, scenario, resources, &first);
	if (!error)
		error = check_passing(baseline, scenario);
	if (!error)
		error = run_in_stage(&again, scenario, resources, &second);
	if (!error)
		error = compare(baseline, &again, scenario);
	baseline->shares_files = has_common(&first, &second);
	list_free(&first);
	list_free(&second);
	baseline_free(&again);
	set_limits(baseline, scenario);
	return error;
}

void baseline_free(struct baseline *baseline)
{
	for (int i = 0; i < CAPTURE_STREAMS; i++) {
		free(baseline->streams[i].bytes);
		baseline->streams[i] = (struct text){0};
	}
	free(baseline->sleeps);
	baseline->sleeps = NULL;
}

/* Tells outputs apart in a report without printing them. */
static json_t *hash(const struct text *text)
{
	return json_sprintf("0x%016llx",
			    (unsigned long long)hash_bytes(HASH_START, text->bytes, text->size));
}

json_t *baseline_json(const struct baseline *baseline)
{
	const struct text *out = &baseline->streams[CAPTURE_OUT];
	const struct text *err = &baseline->streams[CAPTURE_ERR];
	char ended[OUTCOME_TEXT];

	return json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:b, s:s*, s:b}", "type", "baseline",
			 "outcome", outcome_text(&baseline->outcome, ended), "stdout_bytes",
			 (json_int_t)out->size, "stderr_bytes", (json_int_t)err->size,
			 "stdout_hash", hash(out), "stderr_hash", hash(err), "awaits_signal",
			 baseline->awaits_signal, "sleeps", baseline->sleeps, "deterministic",
			 baseline->compare_output);
}
