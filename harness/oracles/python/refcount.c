/* SPDX-License-Identifier: MIT */
/*
 * The python-refcount oracle: references to Python objects that were leaked, or are missing, where
 * the script is over, against a run without the signal. References that nobody has a pointer for
 * are lost in any trial; what the interpreter counts is compared only where the trial went on to
 * the end that the program has without the signal: others have imported and freed other things.
 */
#include "harness/oracles/python/refcount.h"

#include "harness/base/alloc.h"
#include "harness/base/signals.h"
#include "harness/model/ask_python.h"
#include "harness/model/evidence.h"
#include "harness/model/follow.h"
#include "harness/model/oracle.h"
#include "harness/oracles/python/refcount_lost.h"
#include "harness/oracles/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SHOWN 100

struct knowledge {
	struct python_refcount_table base;
	struct heap heap;
};

struct oracle_state {
	const struct knowledge *knowledge;
	bool is_at_end;
	bool goes_on; /* to the end that the program has without the signal */
	bool is_driven;
	struct python_losses losses;
	struct interpreter *interpreter; /* for the trial that is made once more */
	struct python_refcount_table table;
};

static int stop_here(void *context)
{
	struct follow *follow = context;

	follow->is_done = true;
	return 0;
}

/* To where the interpreter begins to end, and collects garbage there. */
static int run_to_end(struct walker *walker, struct interpreter *interpreter,
		      const struct registers **registers)
{
	struct follow follow = {.walker = walker, .on_breakpoint = stop_here};
	int error = walker_add_breakpoint(walker,
					  python_image(interpreter_python(interpreter))->finalize);

	follow.context = &follow;
	if (!error)
		error = follow_run(&follow);
	walker_clear_breakpoints(walker);
	if (!error && follow.has_threads)
		return fail(-ENODATA, "without the signal it starts a second thread, and is not "
				      "followed to its end, where references are counted");
	if (!error && (!follow.is_done || walker->end != WALKER_RUNS))
		error = fail(-ENODATA, "without the signal the interpreter never comes to its own "
				       "end (os._exit(), exec, waiting for the signal), where "
				       "references are counted");
	if (!error)
		error = ask_python_collect(walker->symbols, walker->pid);
	return error ? error : walker_registers(walker, registers);
}

static int survey(struct stage *stage, void **knowledge)
{
	struct knowledge *known = alloc_zero(sizeof(*known));
	struct walker *walker = &stage->walker;
	const struct registers *registers;
	int error;

	*knowledge = known;
	walker->execed = false;
	error = run_to_end(walker, stage->interpreter, &registers);
	if (!error)
		error = heap_read(&known->heap, interpreter_python(stage->interpreter), walker->pid,
				  registers);
	return error ? error : python_refcount_ask(&known->base, stage->interpreter, walker);
}

static void forget(void *knowledge)
{
	struct knowledge *known = knowledge;

	if (!known)
		return;
	python_refcount_free(&known->base);
	heap_free(&known->heap);
	free(known);
}

static int begin(const struct stage *stage, void *knowledge, void **state)
{
	struct oracle_state *oracle = alloc_zero(sizeof(*oracle));

	(void)stage;
	oracle->knowledge = knowledge;
	*state = oracle;
	return 0;
}

static int before(void *state, const struct trial *trial)
{
	struct oracle_state *oracle = state;

	(void)trial;
	oracle->is_at_end = false;
	oracle->losses.count = 0;
	python_refcount_free(&oracle->table);
	return 0;
}

static int on_stop(void *state, const struct trial *trial, enum oracle_moment moment)
{
	struct oracle_state *oracle = state;

	(void)trial;
	oracle->is_at_end |= moment == MOMENT_FINALIZE;
	return 0;
}

static int drive(void *context, struct walker *follower, const struct trial *trial)
{
	struct oracle_state *oracle = context;

	const struct registers *registers;
	int error = run_to_end(follower, oracle->interpreter, &registers);

	(void)trial;
	oracle->is_driven = true;
	if (!error)
		error = python_lost_find(&oracle->losses, &oracle->knowledge->heap,
					 oracle->interpreter, follower->pid, registers);
	if (error || !oracle->goes_on)
		return error;
	return python_refcount_ask(&oracle->table, oracle->interpreter, follower);
}

static json_t *describe(const struct oracle_state *oracle, const struct python_refcount_row *row,
			int64_t base)
{
	const struct python_refcount_table *now = &oracle->table;
	const struct python_refcount_table *then = &oracle->knowledge->base;
	json_t *object = json_pack("{s:s, s:s, s:I, s:I}", "name", row->name, "type",
				   row->kind == 'W' ? row->type : row->name, "baseline",
				   (json_int_t)base, "trial", (json_int_t)row->excess);

	if (oracle->goes_on) { /* else they have nothing to do with each other */
		json_object_set_new(object, "blocks_baseline", json_integer(then->blocks));
		json_object_set_new(object, "blocks_trial", json_integer(now->blocks));
	}
	if (oracle->goes_on && now->total) {
		json_object_set_new(object, "total_baseline", json_integer(then->total));
		json_object_set_new(object, "total_trial", json_integer(now->total));
	}
	return json_pack("{s:[o]}", "refcounts", object);
}

static void tell(const struct oracle_state *oracle, const struct trial *trial,
		 const struct python_refcount_row *row, int64_t base, bool is_low,
		 struct verdict *verdict)
{
	const long long count = llabs((long long)(row->excess - base));
	char sent[SIGNAL_NAME_SIZE];

	signal_name(trial->stage->scenario->signal, sent);
	verdict->value = VERDICT_VIOLATED;
	verdict->kind = is_low ? "too-low" : "leaked";
	verdict->severity = SEVERITY_ERROR;
	if (row->kind == 'W')
		snprintf(verdict->place, sizeof(verdict->place), "%.*s (%.*s)", NAME_SHOWN,
			 row->name, NAME_SHOWN, row->type);
	else
		snprintf(verdict->place, sizeof(verdict->place), "%.*s", NAME_SHOWN, row->name);
	if (row->kind == 'W')
		snprintf(verdict->title, sizeof(verdict->title),
			 "after %s here %.80s has %lld reference%s too %s at the end", sent,
			 verdict->place, count, count == 1 ? "" : "s", is_low ? "few" : "many");
	else if (is_low)
		snprintf(verdict->title, sizeof(verdict->title),
			 "after %s here %lld object%s of type %.80s have fewer references than "
			 "objects refer to them",
			 sent, count, count == 1 ? "" : "s", row->name);
	else
		snprintf(verdict->title, sizeof(verdict->title),
			 "after %s here %lld reference%s to objects of type %.80s are leaked: no "
			 "object has them",
			 sent, count, count == 1 ? "" : "s", row->name);
	verdict->evidence = describe(oracle, row, base);
}

/* The announced objects and the globals of the script have names: what is wrong with them is told
 * once. */
static bool is_named(const struct oracle_state *oracle, const char *type)
{
	const struct python_refcount_table *base = &oracle->knowledge->base;

	for (size_t i = 0; i < oracle->table.count; i++) {
		const struct python_refcount_row *row = &oracle->table.rows[i];
		const struct python_refcount_row *then;

		if (row->kind != 'W' || strcmp(row->type, type) != 0)
			continue;
		then = python_refcount_find(base, 'W', row->name);
		if (then && strcmp(then->type, type) == 0 && then->excess != row->excess)
			return true;
	}
	return false;
}

static size_t judge_row(const struct oracle_state *oracle, const struct trial *trial,
			const struct python_refcount_row *row, struct verdict *verdict)
{
	const struct python_refcount_row *then =
		python_refcount_find(&oracle->knowledge->base, row->kind, row->name);
	const int64_t base = then ? then->excess : 0;

	if (row->kind == 'W') {
		/* A variable that was given another object is another one. */
		if (!then || strcmp(then->type, row->type) != 0 || row->excess == base)
			return 0;
		tell(oracle, trial, row, base, row->excess < base, verdict);
		return 1;
	}
	if (row->excess <= base || is_named(oracle, row->name))
		return 0;
	tell(oracle, trial, row, base, row->kind == 'N', verdict);
	return 1;
}

static void describe_lost(const struct python_lost *lost, struct verdict *verdict, const char *sent)
{
	const long long count = (long long)(lost->trial - lost->baseline);

	snprintf(verdict->title, sizeof(verdict->title),
		 "after %s here %lld reference%s to objects of type %.80s %s leaked: there is no "
		 "pointer to them",
		 sent, count, count == 1 ? "" : "s", lost->name, count == 1 ? "is" : "are");
}

static void tell_lost(const struct oracle_state *oracle, const struct trial *trial,
		      const struct python_lost *lost, struct verdict *verdict)
{
	const struct python_refcount_row row = {
		.kind = 'T', .excess = lost->trial, .name = (char *)(uintptr_t)lost->name};
	char sent[SIGNAL_NAME_SIZE];
	json_t *counter;

	verdict->value = VERDICT_VIOLATED;
	verdict->kind = "leaked";
	verdict->severity = SEVERITY_ERROR;
	snprintf(verdict->place, sizeof(verdict->place), "%s", lost->name);
	describe_lost(lost, verdict, signal_name(trial->stage->scenario->signal, sent));
	verdict->evidence = describe(oracle, &row, lost->baseline);
	counter = json_array_get(json_object_get(verdict->evidence, "refcounts"), 0);
	json_object_set_new(counter, "address", evidence_address(lost->object.address));
	if (*lost->value)
		json_object_set_new(counter, "value",
				    evidence_text(lost->value, strlen(lost->value), LOST_NAME));
}

static bool is_told(const struct verdict *verdicts, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(verdicts[i].kind, "leaked") == 0 && strcmp(verdicts[i].place, name) == 0)
			return true;
	return false;
}

/*
 * A trial that ended early, or with other modules, has other objects, and holds other things in C
 * for good reasons: there only what has no pointer counts.
 */
static size_t compare(const struct oracle_state *oracle, const struct trial *trial,
		      struct verdict *verdicts)
{
	const bool is_like =
		oracle->goes_on && oracle->table.modules == oracle->knowledge->base.modules;
	size_t count = 0;

	for (size_t i = 0; is_like && i < oracle->table.count && count < VERDICTS_MAX; i++)
		count += judge_row(oracle, trial, &oracle->table.rows[i], &verdicts[count]);
	for (size_t i = 0; i < oracle->losses.count && count < VERDICTS_MAX; i++)
		if (!is_told(verdicts, count, oracle->losses.list[i].name))
			tell_lost(oracle, trial, &oracle->losses.list[i], &verdicts[count++]);
	return count;
}

static size_t judge(void *state, const struct trial *trial, struct verdict *verdicts)
{
	struct oracle_state *oracle = state;
	const struct retrace retrace = {.with_signal = true,
					.limit = trial->stage->baseline->trial_limit,
					.drive = drive,
					.context = oracle};
	int error;

	if (!oracle->is_at_end)
		return 0;
	oracle->interpreter = trial->stage->interpreter;
	oracle->goes_on = trial_went_on(trial);
	oracle->is_driven = false;
	error = retrace_run(&retrace, trial->stage, trial->boundary);
	if (!error && !oracle->is_driven)
		error = fail(-ENODATA, "it has ended otherwise this time");
	if (!error)
		return compare(oracle, trial, verdicts);
	verdicts->value = VERDICT_UNKNOWN;
	snprintf(verdicts->title, sizeof(verdicts->title),
		 "the trial could not be made once more to count references: %s",
		 fail_reason(error));
	fail_clear();
	return 1;
}

static void end(void *state)
{
	struct oracle_state *oracle = state;

	if (oracle)
		python_refcount_free(&oracle->table);
	free(oracle);
}

const struct oracle oracle_python_refcount = {
	.name = "python-refcount",
	.help = "CPython: references that were leaked, or are missing, where the script is over",
	.needs = ORACLE_NEEDS_FINALIZE | ORACLE_NEEDS_PYTHON,
	.survey = survey,
	.forget = forget,
	.begin = begin,
	.before = before,
	.on_stop = on_stop,
	.judge = judge,
	.end = end,
};
