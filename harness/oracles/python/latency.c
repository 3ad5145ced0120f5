/* SPDX-License-Identifier: MIT */
/*
 * CPython: the time from the delivery of the signal to the call of its Python handler. It is time
 * on the CPU, which neither a busy machine nor a call that sleeps adds to: code in C that does not
 * look for signals. A program that sleeps for ever with the signal noted is told apart.
 */
#include "harness/base/signals.h"
#include "harness/model/callee.h"
#include "harness/model/evidence.h"
#include "harness/model/trial.h"
#include "harness/oracles/table.h"

#include <stdio.h>
#include <string.h>

static size_t violate(struct verdict *verdict, const char *kind, const char *function,
		      const struct interpreter_place *entered)
{
	verdict->value = VERDICT_VIOLATED;
	verdict->kind = kind;
	verdict->severity = SEVERITY_WARNING;
	if (*function)
		snprintf(verdict->place, sizeof(verdict->place), "%s", function);
	else if (entered)
		snprintf(verdict->place, sizeof(verdict->place), "C code called in %s",
			 entered->place);
	return 1;
}

/* What was busy when the time was over; where the trial was too quick to be stopped then, what was
 * interrupted. */
static void name_busy(const struct trial *trial, char *function, size_t size)
{
	struct walker *walker = &trial->stage->walker;
	const struct registers *registers;
	struct frame frames[TRIAL_FRAMES];
	struct callee_name name;
	size_t count;

	snprintf(function, size, "%s", trial->went.busy);
	if (trial->went.is_sampled || walker_registers(walker, &registers))
		return;
	count = unwind_stack(walker->unwinder, walker->pid, registers, frames, TRIAL_FRAMES, NULL);
	if (callee_find(walker, trial->stage->interpreter, walker->pid, frames, count, &name))
		snprintf(function, size, "%s:%s", name.module, name.function);
}

static json_t *evidence_of(const struct trial *trial, const char *function)
{
	json_t *evidence = json_pack("{s:f}", "limit_seconds", trial->stage->scenario->max_latency);

	if (*function)
		json_object_set_new(evidence, "function",
				    evidence_text(function, strlen(function), WENT_BY));
	if (trial->went.busy_stack)
		json_object_set(evidence, "busy_stack", trial->went.busy_stack);
	return evidence;
}

static size_t judge_late(const struct trial *trial, struct verdict *verdict)
{
	const bool is_never = trial->went.track.kind == WENT_PENDING;
	char sent[SIGNAL_NAME_SIZE];
	char function[WENT_BY];

	name_busy(trial, function, sizeof(function));
	snprintf(verdict->title, sizeof(verdict->title),
		 "%s is %s for more than %g ms on the CPU: %.120s does not look for signals",
		 signal_name(trial->stage->scenario->signal, sent),
		 is_never ? "never acted on," : "not acted on",
		 trial->stage->scenario->max_latency * 1000, *function ? function : "C code");
	verdict->evidence = evidence_of(trial, function);
	return violate(verdict, is_never ? "never" : "late", function, trial->went.track.entered);
}

static size_t judge_asleep(const struct trial *trial, struct verdict *verdict)
{
	struct callee_name name;
	char sent[SIGNAL_NAME_SIZE];
	char function[WENT_BY] = "";

	if (callee_find(&trial->stage->walker, trial->stage->interpreter, trial->pid,
			trial->end_stack.frames, trial->end_stack.count, &name))
		snprintf(function, sizeof(function), "%s:%s", name.module, name.function);
	snprintf(verdict->title, sizeof(verdict->title),
		 "%s has arrived, and %.120s sleeps %s without acting on it",
		 signal_name(trial->stage->scenario->signal, sent), *function ? function : "C code",
		 trial->outcome.kind == OUTCOME_STUCK ? "for ever" : "on");
	verdict->evidence = evidence_of(trial, function);
	return violate(verdict, "asleep", function, NULL);
}

static size_t judge(void *state, const struct trial *trial, struct verdict *verdicts)
{
	const struct went *went = &trial->went;

	(void)state;
	if (went->track.kind == WENT_NONE || went->track.kind == WENT_NOT_ENTERED)
		return 0;
	if (went->track.kind == WENT_UNKNOWN && !went->entered) {
		verdicts->value = VERDICT_UNKNOWN;
		snprintf(verdicts->title, sizeof(verdicts->title), "%s", went->track.reason);
		return 1;
	}
	if (went->track.kind == WENT_PENDING && trial_sleeps_on(trial))
		return judge_asleep(trial, verdicts);
	if (went_seconds(went) > trial->stage->scenario->max_latency)
		return judge_late(trial, verdicts);
	return 0;
}

const struct oracle oracle_latency = {
	.name = "latency",
	.help = "CPython: C code that does not look for signals",
	.needs = ORACLE_NEEDS_PYTHON | ORACLE_NEEDS_WENT | ORACLE_NEEDS_LATENCY,
	.judge = judge,
};
