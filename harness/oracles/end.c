/* SPDX-License-Identifier: MIT */
/*
 * How a trial ended: crashed, asleep for ever, out of time, with an exit status that nobody
 * expects, or as if nothing had happened but with other output.
 */
#include "harness/base/signals.h"
#include "harness/engine/symbols.h"
#include "harness/model/evidence.h"
#include "harness/model/trial.h"
#include "harness/oracles/table.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_READ ((size_t)1 << 20) /* bytes of output by which findings are told apart */
#define OUTPUT_SHOWN 2000             /* bytes of expected and of printed output in an example */

/* Looks a frame up by name; NULL when it has none. */
static const char *frame_name(const struct trial *trial, const struct frame *frame,
			      const struct module **module)
{
	struct place place = {0};

	if (frame->is_signal_frame ||
	    !symbols_place(trial->stage->walker.symbols,
			   frame->is_exact ? frame->pc : frame->pc - 1, &place))
		return NULL;
	*module = place.module;
	return place.function;
}

/* The innermost frame that has a name, as a word for a title. */
static void name_end(const struct trial *trial, char *text, size_t size)
{
	const struct trial_stack *stack = &trial->end_stack;
	const struct module *module;
	const char *name = NULL;

	for (size_t i = 0; i < stack->count && !name; i++)
		name = frame_name(trial, &stack->frames[i], &module);
	snprintf(text, size, "%s", name ? name : "");
}

/*
 * Where it ended, for telling findings apart: the innermost frame, and the innermost one of the
 * program itself. All trials that end there are one finding, wherever they were interrupted.
 */
static void place_end(const struct trial *trial, const char *what, struct verdict *verdict)
{
	const struct trial_stack *stack = &trial->end_stack;
	struct walker *walker = &trial->stage->walker;
	const struct module *program =
		symbols_module_count(walker->symbols) ? symbols_module(walker->symbols, 0) : NULL;
	const char *separator = "";
	size_t used = (size_t)snprintf(verdict->place, sizeof(verdict->place), "%s", what);

	for (size_t i = 0; i < stack->count && used < sizeof(verdict->place); i++) {
		const struct frame *frame = &stack->frames[i];
		const uint64_t lookup = frame->is_exact ? frame->pc : frame->pc - 1;
		const bool is_own = symbols_module_at(walker->symbols, lookup) == program;
		char name[128];

		if (frame->is_signal_frame || (i > 0 && !is_own))
			continue;
		evidence_place(walker, lookup, name, sizeof(name));
		used += (size_t)snprintf(verdict->place + used, sizeof(verdict->place) - used,
					 "%s%s", *separator ? separator : " in ", name);
		separator = " from ";
		if (is_own)
			break;
	}
}

static void judge_crash(const struct trial *trial, struct verdict *verdict)
{
	char name[SIGNAL_NAME_SIZE];
	char sent[SIGNAL_NAME_SIZE];
	char function[100];

	name_end(trial, function, sizeof(function));
	signal_name(trial->outcome.number, name);
	signal_name(trial->stage->scenario->signal, sent);
	verdict->kind = "crash";
	verdict->severity = SEVERITY_ERROR;
	if (*function)
		snprintf(verdict->title, sizeof(verdict->title), "%s here leads to %s in %s", sent,
			 name, function);
	else
		snprintf(verdict->title, sizeof(verdict->title), "%s here leads to %s", sent, name);
	place_end(trial, name, verdict);
	if (trial->crash_address)
		verdict->evidence = json_pack("{s:s, s:o}", "signal", name, "fault_address",
					      evidence_address(trial->crash_address));
}

static json_t *asleep_json(const struct asleep *asleep)
{
	json_t *threads = json_array();

	for (size_t i = 0; i < asleep->count; i++)
		json_array_append_new(threads, json_pack("{s:I, s:s}", "syscall",
							 (json_int_t)asleep->threads[i].syscall,
							 "why", asleep->threads[i].why));
	return threads;
}

static void judge_stuck(const struct trial *trial, struct verdict *verdict)
{
	char sent[SIGNAL_NAME_SIZE];
	char function[100];

	name_end(trial, function, sizeof(function));
	verdict->kind = "stuck";
	verdict->severity = SEVERITY_ERROR;
	snprintf(verdict->title, sizeof(verdict->title),
		 "after %s here the program sleeps for ever%s%s",
		 signal_name(trial->stage->scenario->signal, sent), *function ? " in " : "",
		 function);
	place_end(trial, "asleep", verdict);
	verdict->evidence = json_pack("{s:s, s:o}", "proof", trial->asleep.why, "threads",
				      asleep_json(&trial->asleep));
}

/* The proof is only that it does not end within the limit. */
static void judge_long(const struct trial *trial, struct verdict *verdict)
{
	char sent[SIGNAL_NAME_SIZE];
	char function[100];

	name_end(trial, function, sizeof(function));
	verdict->kind = "timeout";
	verdict->severity = SEVERITY_ERROR;
	snprintf(verdict->title, sizeof(verdict->title),
		 "after %s here the program sleeps on%s%s, for longer than the limit of %g s",
		 signal_name(trial->stage->scenario->signal, sent), *function ? " in " : "",
		 function, trial->stage->baseline->trial_limit);
	place_end(trial, "asleep", verdict);
	verdict->evidence =
		json_pack("{s:f, s:s, s:o}", "limit_seconds", trial->stage->baseline->trial_limit,
			  "proof", trial->asleep.why, "threads", asleep_json(&trial->asleep));
}

static void judge_slow(const struct trial *trial, struct verdict *verdict)
{
	const bool spins = trial->outcome.kind == OUTCOME_SPINNING;
	const double limit =
		spins ? trial->stage->baseline->cpu_limit : trial->stage->baseline->trial_limit;
	char sent[SIGNAL_NAME_SIZE];

	verdict->kind = spins ? "spinning" : "timeout";
	verdict->severity = SEVERITY_ERROR;
	snprintf(verdict->title, sizeof(verdict->title),
		 spins ? "after %s here the program runs on without end"
		       : "after %s here the program does not end in time",
		 signal_name(trial->stage->scenario->signal, sent));
	/* Where it was when time was up is chance. */
	snprintf(verdict->place, sizeof(verdict->place), "the program");
	verdict->evidence = json_pack("{s:f}", "limit_seconds", limit);
}

/*
 * FNV-1a, folded to 32 bits: enough to tell the few outputs of one sweep apart. What numbers say
 * (addresses, counts, rates) differs from boundary to boundary and is left out: each run of digits
 * counts as one.
 */
static uint32_t hash(const struct text *text, uint32_t value)
{
	for (size_t i = 0; i < text->size; i++) {
		const unsigned char byte = (unsigned char)text->bytes[i];

		if (isdigit(byte)) {
			const bool is_hex =
				byte == '0' && i + 1 < text->size && text->bytes[i + 1] == 'x';

			i += is_hex;
			while (i + 1 < text->size &&
			       (is_hex ? isxdigit : isdigit)((unsigned char)text->bytes[i + 1]))
				i++;
		}
		value = (value ^ (isdigit(byte) ? '0' : byte)) * UINT32_C(0x01000193);
	}
	return value;
}

/* Adds what was printed; all trials that printed the same are one finding. */
static void add_output(const struct trial *trial, struct verdict *verdict)
{
	static const char *const names[] = {"stdout", "stderr"};

	uint32_t value = UINT32_C(0x811c9dc5);

	for (int i = 0; i < CAPTURE_STREAMS; i++) {
		const struct text *expected = &trial->stage->baseline->streams[i];
		struct text got;

		if (!trial->output_differs[i] ||
		    capture_read(&trial->stage->capture, i, OUTPUT_READ, &got))
			continue;
		value = hash(&got, value);
		json_object_set_new(
			verdict->evidence, names[i],
			json_pack("{s:o, s:o}", "expected",
				  evidence_text(expected->bytes, expected->size, OUTPUT_SHOWN),
				  "got", evidence_text(got.bytes, got.size, OUTPUT_SHOWN)));
		free(got.bytes);
	}
	snprintf(verdict->place, sizeof(verdict->place), "output %08x", value);
}

static void judge_exit(const struct trial *trial, struct verdict *verdict)
{
	const struct outcome *baseline = &trial->stage->baseline->outcome;
	const bool same_status =
		baseline->kind == trial->outcome.kind && baseline->number == trial->outcome.number;
	char sent[SIGNAL_NAME_SIZE];
	char ended[OUTCOME_TEXT];

	signal_name(trial->stage->scenario->signal, sent);
	verdict->severity = SEVERITY_WARNING;
	verdict->evidence = json_object();
	if (same_status) {
		verdict->kind = "output";
		snprintf(verdict->title, sizeof(verdict->title),
			 "after %s here the program ends as without it, but prints something else",
			 sent);
		add_output(trial, verdict);
		return;
	}
	outcome_text(&trial->outcome, ended);
	verdict->kind = "exit-status";
	snprintf(verdict->title, sizeof(verdict->title),
		 "after %s here the program ends with %s, which is not among the expected ends",
		 sent, ended);
	snprintf(verdict->place, sizeof(verdict->place), "%s", ended);
}

static bool is_crash_signal(const struct outcome *outcome, int sent)
{
	return outcome->kind == OUTCOME_SIGNAL && outcome->number != sent;
}

static size_t judge(void *state, const struct trial *trial, struct verdict *verdicts)
{
	(void)state;
	verdicts->value = VERDICT_VIOLATED;
	if (scenario_expects(trial->stage->scenario, &trial->outcome))
		return 0;
	switch (trial->outcome.kind) {
	case OUTCOME_SAME:
	case OUTCOME_BLOCKED:
	case OUTCOME_IGNORED:
	case OUTCOME_NOT_REACHED:
	case OUTCOME_DIVERGED:
		return 0;
	case OUTCOME_STUCK:
		judge_stuck(trial, verdicts);
		return 1;
	case OUTCOME_SPINNING:
	case OUTCOME_TIMEOUT:
		if (trial_sleeps_on(trial))
			judge_long(trial, verdicts);
		else
			judge_slow(trial, verdicts);
		return 1;
	case OUTCOME_STOPPED:
		/* What the default action of a stop signal does is no defect. */
		return 0;
	case OUTCOME_SIGNAL:
	case OUTCOME_EXIT:
		break;
	}
	if (is_crash_signal(&trial->outcome, trial->stage->scenario->signal))
		judge_crash(trial, verdicts);
	else
		judge_exit(trial, verdicts);
	return 1;
}

const struct oracle oracle_end = {
	.name = "end",
	.help = "how the program ends: crash, stuck, spinning, timeout, exit status, output",
	.judge = judge,
};
