/* SPDX-License-Identifier: MIT */
/*
 * CPython's exceptions: what a handler that ran in the signal's own context changed of what is
 * being raised and handled (the interpreter's own handler changes nothing), what that broke, and
 * what is left at the end that the baseline does not leave. Knows nothing of where an exception
 * that was raised properly goes.
 */
#include "harness/oracles/python/exception.h"

#include "harness/base/alloc.h"
#include "harness/kernel/ptrace.h"
#include "harness/model/evidence.h"
#include "harness/model/interpreter.h"
#include "harness/model/trial.h"
#include "harness/oracles/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STDERR_MAX 65536 /* bytes of a trial's standard error that are searched */

struct state {
	bool has_before;
	bool has_after;
	uint64_t thread;
	struct python_exception_words before;
	struct python_exception_words after;
	struct python_exception was; /* being raised at the boundary, and set by the handler: */
	struct python_exception is;  /* where they differ */
	struct exception_recount recount;
	struct exception_end expected; /* of the latest control */
	struct exception_end got;
};

static int begin(const struct stage *stage, void *knowledge, void **out)
{
	(void)stage;
	(void)knowledge;
	*out = alloc_zero(sizeof(struct state));
	return 0;
}

/* What is not there (no interpreter, none any more) is nothing to judge. */
static bool read_words(struct state *state, struct interpreter *interpreter, pid_t pid,
		       const struct registers *registers, struct python_exception_words *words)
{
	if (interpreter_thread(interpreter, pid, registers, &state->thread) ||
	    python_exception_words(interpreter_python(interpreter), pid, state->thread, words)) {
		fail_clear();
		return false;
	}
	return true;
}

static int before(void *context, const struct trial *trial)
{
	struct state *state = context;
	struct walker *walker = &trial->stage->walker;
	const struct registers *registers;

	state->has_after = false;
	state->recount.object = 0;
	state->got.is_known = false;
	state->has_before = trial->stage->interpreter && !walker_registers(walker, &registers) &&
			    read_words(state, trial->stage->interpreter, walker->pid, registers,
				       &state->before);
	return 0;
}

static bool has_changed(const struct state *state)
{
	return state->has_before && state->has_after &&
	       memcmp(&state->before, &state->after, sizeof(state->before)) != 0;
}

static void on_return(struct state *state, const struct trial *trial)
{
	const struct python *python;

	if (!state->has_before)
		return;
	python = interpreter_python(trial->stage->interpreter);
	state->has_after =
		python_exception_words(python, trial->pid, state->thread, &state->after) == 0;
	if (!has_changed(state)) {
		if (state->has_after)
			exception_recount(&state->recount, trial, &state->before);
		return;
	}
	if (python_current_exception(python, trial->stage->walker.pid, state->thread, &state->was))
		memset(&state->was, 0, sizeof(state->was));
	if (python_current_exception(python, trial->pid, state->thread, &state->is))
		memset(&state->is, 0, sizeof(state->is));
}

static int on_stop(void *context, const struct trial *trial, enum oracle_moment moment)
{
	struct state *state = context;
	struct exception_end *end = trial->is_control ? &state->expected : &state->got;

	if (moment == MOMENT_RETURN && !trial->is_control)
		on_return(state, trial);
	else if (moment == MOMENT_FINALIZE)
		exception_end_read(end, trial);
	return 0;
}

struct verdict *exception_violate(struct verdict *verdict, const char *kind)
{
	verdict->value = VERDICT_VIOLATED;
	verdict->kind = kind;
	verdict->severity = SEVERITY_ERROR;
	return verdict;
}

const char *exception_name(const struct python_exception *exception)
{
	return exception->type ? exception->type_name : "nothing";
}

json_t *exception_evidence(const struct python_exception *exception)
{
	if (!exception->type)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:o}", "type", exception->type_name, "value_type",
			 exception->value ? json_string(exception->value_type_name) : json_null(),
			 "value", evidence_address(exception->value), "traceback_type",
			 exception->traceback ? json_string(exception->traceback_type_name)
					      : json_null());
}

static json_t *words_json(const struct python_exception_words *words)
{
	json_t *list = json_array();

	for (size_t i = 0; i < 3; i++)
		json_array_append_new(list, evidence_address(words->current[i]));
	return list;
}

static size_t judge_raised(const struct state *state, const struct trial *trial,
			   struct verdict *verdict)
{
	exception_violate(verdict, "raised");
	evidence_place(&trial->stage->walker, trial->handler, verdict->place,
		       sizeof(verdict->place));
	if (memcmp(state->before.current, state->after.current, sizeof(state->before.current)) == 0)
		snprintf(verdict->title, sizeof(verdict->title),
			 "the signal handler %.80s changes which exception is being handled",
			 verdict->place);
	else
		snprintf(verdict->title, sizeof(verdict->title),
			 "the signal handler %.60s itself changes what is being raised, in the "
			 "middle of the interpreter's work: %.30s instead of %.30s",
			 verdict->place, exception_name(&state->is), exception_name(&state->was));
	verdict->evidence =
		json_pack("{s:{s:o, s:o}}", "exception", "before", exception_evidence(&state->was),
			  "after", exception_evidence(&state->is));
	return 1;
}

static size_t judge_damage(const struct state *state, const struct trial *trial,
			   struct verdict *verdicts)
{
	struct walker *walker = &trial->stage->walker;
	struct exception_damage damage;
	size_t count = 0;

	if (trial->boundary->phase != PHASE_AT)
		return 0;
	if (exception_damage_find(&damage, trial->stage, trial->boundary, state->thread)) {
		verdicts->value = VERDICT_UNKNOWN;
		snprintf(verdicts->title, sizeof(verdicts->title),
			 "what the handler broke could not be followed: %.180s", fail_text());
		return 1;
	}
	for (size_t i = 0; i < 2; i++) {
		struct verdict *verdict = &verdicts[count];

		if (i == 0 ? !damage.is_torn : !damage.is_low)
			continue;
		exception_violate(verdict, i == 0 ? "torn" : "refcount");
		evidence_place(walker, walker->pc, verdict->place, sizeof(verdict->place));
		snprintf(verdict->title, sizeof(verdict->title),
			 i == 0 ? "%.100s was recording an exception and went on over the "
				  "handler's: type and value are of two different ones"
				: "%.100s was replacing an exception that the handler replaced "
				  "too: an object of it has lost a reference that it still has",
			 verdict->place);
		verdict->evidence =
			json_pack("{s:{s:o, s:o, s:o}}", "exception", "expected",
				  words_json(&damage.expected), "got", words_json(&damage.got),
				  "object", i == 0 ? json_null() : evidence_address(damage.low));
		count++;
	}
	return count;
}

static bool prints(const struct trial *trial, const char *words)
{
	const struct text *baseline = &trial->stage->baseline->streams[CAPTURE_ERR];
	struct text text;
	bool found;

	if (capture_read(&trial->stage->capture, CAPTURE_ERR, STDERR_MAX, &text)) {
		fail_clear();
		return false;
	}
	found = strstr(text.bytes, words) && !strstr(baseline->bytes, words);
	free(text.bytes);
	return found;
}

/* The interpreter's own complaint (Objects/call.c, _Py_CheckFunctionResult()); 3.9 says "error". */
static size_t judge_complaint(const struct trial *trial, struct verdict *verdict)
{
	static const struct {
		const char *kind;
		const char *words;
		const char *words_of_3_9;
		const char *title;
	} complaints[] = {
		{"set-on-success", "returned a result with an exception set",
		 "returned a result with an error set",
		 "a C function succeeded with an exception set: the interpreter found it and "
		 "raised SystemError"},
		{"lost", "returned NULL without setting an exception",
		 "returned NULL without setting an error",
		 "a C function failed without an exception: it was lost, and the interpreter "
		 "raised SystemError"},
	};

	if (trial->outcome.kind == OUTCOME_SAME)
		return 0;
	for (size_t i = 0; i < sizeof(complaints) / sizeof(*complaints); i++) {
		if (!prints(trial, complaints[i].words) &&
		    !prints(trial, complaints[i].words_of_3_9))
			continue;
		exception_violate(verdict, complaints[i].kind);
		snprintf(verdict->title, sizeof(verdict->title), "%s", complaints[i].title);
		snprintf(verdict->place, sizeof(verdict->place), "SystemError");
		return 1;
	}
	return 0;
}

static size_t judge(void *context, const struct trial *trial, struct verdict *verdicts)
{
	const struct state *state = context;
	size_t count = 0;

	if (has_changed(state)) {
		count += judge_raised(state, trial, verdicts);
		count += judge_damage(state, trial, verdicts + count);
	}
	count += exception_recount_judge(&state->recount, trial, verdicts + count);
	count += judge_complaint(trial, verdicts + count);
	count += exception_end_judge(&state->expected, &state->got, trial, verdicts + count);
	return count;
}

const struct oracle oracle_python_exception = {
	.name = "python-exception",
	.help = "CPython: exceptions that a handler changes under the interpreter, torn, lost",
	.needs = ORACLE_NEEDS_RETURN | ORACLE_NEEDS_CONTROL | ORACLE_NEEDS_FINALIZE |
		 ORACLE_NEEDS_PYTHON,
	.begin = begin,
	.before = before,
	.on_stop = on_stop,
	.judge = judge,
	.end = free,
};
