/* SPDX-License-Identifier: MIT */
/*
 * The invariant oracle: each trial of a program that announces invariants is made once more and
 * followed; what is not true when it is due, and is without the signal, is a finding. See
 * invariant.h.
 */
#include "harness/oracles/invariant/invariant.h"

#include "harness/base/alloc.h"
#include "harness/base/signals.h"
#include "harness/model/evidence.h"
#include "harness/oracles/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STUCK_LIMIT                                                                                \
	0.1 /* seconds after which a trial that was proved to sleep for ever does so               \
	     */

static const char *const due_text[DUE_COUNT] = {
	[DUE_WINDOW_END] = "the window's end",
	[DUE_PROGRAM_END] = "the program's end",
};

struct judging {
	const struct trial *trial;
	const struct invariant_knowledge *known;
	const struct invariant_run *run;
	struct verdict *verdicts;
	size_t count;
};

static int begin(const struct stage *stage, void *knowledge, void **state)
{
	(void)stage;
	*state = knowledge;
	return 0;
}

static void PRINTF_LIKE(2, 3) say_unknown(struct judging *judging, const char *format, ...)
{
	struct verdict *verdict = &judging->verdicts[judging->count];
	va_list arguments;

	if (judging->count == VERDICTS_MAX)
		return;
	judging->count++;
	verdict->value = VERDICT_UNKNOWN;
	va_start(arguments, format);
	vsnprintf(verdict->title, sizeof(verdict->title), format, arguments);
	va_end(arguments);
	fail_clear();
}

/* "work at table.c:12", or the module and the offset. */
static json_t *announced_where(struct walker *walker, uint64_t site)
{
	char text[300];
	struct place place;

	if (!symbols_place(walker->symbols, site, &place))
		return evidence_address(site);
	if (place.function && place.file)
		snprintf(text, sizeof(text), "%.100s at %.150s:%d", place.function, place.file,
			 place.line);
	else
		evidence_place(walker, site, text, sizeof(text));
	return evidence_text(text, strlen(text), sizeof(text));
}

/* The object's own name, where it is static and has one. */
static json_t *object_name(struct walker *walker, uint64_t address)
{
	struct data_place place;

	if (!symbols_data_at(walker->symbols, address, &place) || !*place.object)
		return json_null();
	return evidence_text(place.object, strlen(place.object), sizeof(place.object));
}

static json_t *evidence(struct walker *walker, const struct invariant_fault *fault)
{
	const struct invariant *invariant = &fault->invariant;
	char got[INVARIANT_NUMBER];
	char expected[INVARIANT_NUMBER];
	json_t *object = json_object();

	invariant_number(invariant, fault->look.got, got);
	invariant_number(invariant, fault->look.expected, expected);
	json_object_set_new(
		object, "invariant",
		evidence_text(invariant->name, strlen(invariant->name), INVARIANT_NAME));
	json_object_set_new(object, "announced", announced_where(walker, invariant->site));
	json_object_set_new(object, "due", json_string(due_text[fault->due]));
	json_object_set_new(object, "object", object_name(walker, invariant->address));
	json_object_set_new(object, "address", evidence_address(invariant->address));
	json_object_set_new(object, "relation", json_string(relation_text(invariant->relation)));
	if (invariant->is_pair) {
		json_object_set_new(object, "other", object_name(walker, invariant->other));
		json_object_set_new(object, "other_address", evidence_address(invariant->other));
	}
	json_object_set_new(object, "required", json_string(expected));
	json_object_set_new(object, "found", json_string(got));
	return object;
}

static void say_violated(struct judging *judging, const struct invariant_fault *fault)
{
	const struct invariant *invariant = &fault->invariant;
	struct verdict *verdict = &judging->verdicts[judging->count];
	const bool is_equal = invariant->relation == RELATION_NOT_EQUAL;
	char sent[SIGNAL_NAME_SIZE];
	char got[INVARIANT_NUMBER];
	char expected[INVARIANT_NUMBER];

	if (judging->count == VERDICTS_MAX)
		return;
	judging->count++;
	verdict->value = VERDICT_VIOLATED;
	verdict->kind = "violated";
	verdict->severity = SEVERITY_ERROR;
	snprintf(verdict->place, sizeof(verdict->place), "%s", invariant->name);
	snprintf(verdict->title, sizeof(verdict->title),
		 "after %s here it is not true at %s that %.100s: %s is %s%s %s",
		 signal_name(judging->trial->stage->scenario->signal, sent), due_text[fault->due],
		 invariant->name, invariant_number(invariant, fault->look.got, got),
		 is_equal ? "" : "not ",
		 relation_text(is_equal ? RELATION_EQUAL : invariant->relation),
		 invariant_number(invariant, fault->look.expected, expected));
	verdict->evidence = evidence(&judging->trial->stage->walker, fault);
}

/* The same announcement, when the same is due, in the undisturbed program; NULL: it is true there.
 */
static const struct invariant_fault *without_signal(const struct invariant_knowledge *known,
						    const struct invariant_fault *fault)
{
	for (size_t i = 0; i < known->run.fault_count; i++) {
		const struct invariant_fault *other = &known->run.faults[i];

		if (other->due == fault->due && other->invariant.site == fault->invariant.site &&
		    strcmp(other->invariant.name, fault->invariant.name) == 0)
			return other;
	}
	return NULL;
}

/* One verdict for each name: what is due first. */
static bool is_told(const struct judging *judging, const struct invariant_fault *fault)
{
	for (const struct invariant_fault *other = judging->run->faults; other < fault; other++)
		if (strcmp(other->invariant.name, fault->invariant.name) == 0)
			return true;
	return false;
}

static void judge_fault(struct judging *judging, const struct invariant_fault *fault)
{
	const char *name = fault->invariant.name;

	/* A process that ends because of the signal, or in the handler, owes nothing at its end. */
	if (fault->due == DUE_PROGRAM_END && !trial_went_on(judging->trial))
		return;
	if (is_told(judging, fault))
		return;
	if (without_signal(judging->known, fault))
		say_unknown(judging, "%.100s: it is not true at %s without the signal either", name,
			    due_text[fault->due]);
	else if (fault->is_gone)
		say_unknown(judging,
			    "%.100s: its memory is gone at %s, and its end was not announced", name,
			    due_text[fault->due]);
	else
		say_violated(judging, fault);
}

/* Why something may have been missed; NULL: nothing was. */
static const char *why_unknown(const struct judging *judging)
{
	const struct invariant_run *run = judging->run;
	const struct invariant_run *baseline = &judging->known->run;

	if (run->is_cut || baseline->is_cut)
		return "it announces more invariants than are kept, or such as cannot be read";
	if (run->follow.has_threads || baseline->follow.has_threads)
		return "the program makes threads, in which announcements are not seen";
	if (trial_went_on(judging->trial) && baseline->came[DUE_PROGRAM_END] &&
	    !run->came[DUE_PROGRAM_END] && !run->follow.has_execed)
		return "the trial, made once more, did not come to its end";
	return NULL;
}

/* What ran out of time once would do so again. */
static bool can_be_followed(const struct trial *trial)
{
	return (trial->delivery == DELIVERY_ENTERED || trial->is_late) &&
	       trial->outcome.kind != OUTCOME_SPINNING && trial->outcome.kind != OUTCOME_TIMEOUT;
}

static void judge_run(struct judging *judging, struct invariant_run *run)
{
	const struct trial *trial = judging->trial;
	const double limit = trial->outcome.kind == OUTCOME_STUCK
				     ? STUCK_LIMIT
				     : trial->stage->baseline->trial_limit;
	const char *reason;
	const int error = invariant_retrace(run, trial->stage, trial->boundary, limit);

	if (error) {
		say_unknown(judging, "the trial could not be made once more: %s",
			    fail_reason(error));
		return;
	}
	for (size_t i = 0; i < run->fault_count; i++)
		judge_fault(judging, &run->faults[i]);
	reason = judging->count ? NULL : why_unknown(judging);
	if (reason)
		say_unknown(judging, "%s", reason);
}

static size_t judge(void *state, const struct trial *trial, struct verdict *verdicts)
{
	const struct invariant_knowledge *known = state;
	struct invariant_run run = {0};
	struct judging judging = {
		.trial = trial, .known = known, .run = &run, .verdicts = verdicts};

	if (!trial->stage->announced.has_invariants || !can_be_followed(trial))
		return 0;
	if (!known) {
		say_unknown(&judging,
			    "invariants are announced by a library that came after the window's "
			    "start");
		return judging.count;
	}
	run.ends = known->ends;
	run.end_count = known->end_count;
	judge_run(&judging, &run);
	invariant_run_free(&run);
	return judging.count;
}

const struct oracle oracle_invariant = {
	.name = "invariant",
	.help = "announced invariants: not true at the window's end or at the program's",
	.needs = ORACLE_NEEDS_INVARIANTS,
	.survey = invariant_survey,
	.forget = invariant_forget,
	.begin = begin,
	.judge = judge,
};
