/* SPDX-License-Identifier: MIT */
/*
 * Oracle python-call: a signal handler in C that calls the C API of CPython. It runs between any
 * two instructions of the interpreter, which may have half changed a list or hold a lock: only what
 * its documentation calls async-signal-safe may be called there. Each handler is stepped in a copy
 * until it enters the interpreter, once for each way in which its trials end.
 */
#include "harness/base/alloc.h"
#include "harness/engine/symbols.h"
#include "harness/model/evidence.h"
#include "harness/model/inspect.h"
#include "harness/model/interpreter.h"
#include "harness/model/oracle.h"
#include "harness/model/stage.h"
#include "harness/oracles/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define STEPS_MAX 100000 /* instructions of a handler */

struct key {
	uint64_t handler;
	uint64_t outcome;
};

/* What a handler does. */
struct reach {
	struct key key;
	char function[120]; /* of the C API that it calls first; "": none */
	json_t *path;       /* the stack from the caller to the handler */
	bool is_unknown;
	UT_hash_handle hh;
};

struct state {
	struct walker *walker;
	const struct python_image *image;
	struct reach *reaches;
};

struct visit {
	struct inspection inspection;
	struct state *state;
	struct reach *reach;
};

/* "Exception Handling" in the C API's reference manual: PyErr_SetInterruptEx(), and the older one
 * that calls it. */
static bool is_safe(const char *function)
{
	return strcmp(function, "PyErr_SetInterruptEx") == 0 ||
	       strcmp(function, "PyErr_SetInterrupt") == 0;
}

static bool is_interpreter(const struct state *state, uint64_t pc)
{
	return pc >= state->image->start && pc < state->image->end;
}

static bool visit_instruction(void *context, pid_t pid, const struct code_entry *code,
			      const struct registers *registers)
{
	struct visit *visit = context;
	struct place place;

	if (!is_interpreter(visit->state, code->pc))
		return true;
	if (!symbols_place(visit->state->walker->symbols, code->pc, &place) || !place.function)
		snprintf(visit->reach->function, sizeof(visit->reach->function), "a function");
	else
		snprintf(visit->reach->function, sizeof(visit->reach->function), "%s()",
			 place.function);
	if (place.function && is_safe(place.function)) {
		*visit->reach->function = '\0';
		visit->inspection.run_to_return = true;
		return true;
	}
	visit->reach->path = evidence_call_path(visit->state->walker, pid, registers);
	return false;
}

static void learn(struct state *state, struct reach *reach, const struct trial *trial)
{
	struct stage *stage = trial->stage;
	struct visit visit = {
		.inspection = {.visit = visit_instruction, .context = &visit, .limit = STEPS_MAX},
		.state = state,
		.reach = reach,
	};

	reach->is_unknown = inspect_run(&visit.inspection, stage, trial->boundary) != 0 ||
			    visit.inspection.end == INSPECT_LIMIT ||
			    visit.inspection.end == INSPECT_BLOCKED ||
			    visit.inspection.end == INSPECT_NOT_ENTERED;
}

static struct reach *find_reach(struct state *state, const struct trial *trial)
{
	const struct key key = {
		.handler = trial->handler,
		.outcome = (uint64_t)trial->outcome.kind << 32 | (uint32_t)trial->outcome.number,
	};
	struct reach *reach;

	HASH_FIND(hh, state->reaches, &key, sizeof(key), reach);
	if (reach)
		return reach;
	reach = alloc_zero(sizeof(*reach));
	reach->key = key;
	learn(state, reach, trial);
	HASH_ADD(hh, state->reaches, key, sizeof(reach->key), reach);
	return reach;
}

static int begin(const struct stage *stage, void *knowledge, void **out)
{
	struct state *state = alloc_zero(sizeof(*state));

	(void)knowledge;
	state->walker = (struct walker *)&stage->walker;
	state->image = python_image(interpreter_python(stage->interpreter));
	*out = state;
	return 0;
}

static size_t judge(void *opaque, const struct trial *trial, struct verdict *verdicts)
{
	struct state *state = opaque;
	struct reach *reach;

	if (trial->delivery != DELIVERY_ENTERED || trial->is_late ||
	    is_interpreter(state, trial->handler))
		return 0;
	reach = find_reach(state, trial);
	if (reach->is_unknown) {
		verdicts->value = VERDICT_UNKNOWN;
		snprintf(verdicts->title, sizeof(verdicts->title),
			 "the handler could not be stepped to its end in a copy");
		return 1;
	}
	if (!*reach->function)
		return 0;
	verdicts->value = VERDICT_VIOLATED;
	verdicts->kind = "c-api";
	verdicts->severity = SEVERITY_ERROR;
	snprintf(verdicts->title, sizeof(verdicts->title),
		 "the handler calls %.100s of CPython's C API, whatever the interpreter is in the "
		 "middle of",
		 reach->function);
	snprintf(verdicts->place, sizeof(verdicts->place), "%s", reach->function);
	verdicts->evidence =
		json_pack("{s:s, s:O}", "function", reach->function, "call_path", reach->path);
	return 1;
}

static void end(void *opaque)
{
	struct state *state = opaque;
	struct reach *reach;
	struct reach *next;

	HASH_ITER (hh, state->reaches, reach, next) {
		HASH_DEL(state->reaches, reach);
		json_decref(reach->path);
		free(reach);
	}
	free(state);
}

const struct oracle oracle_python_call = {
	.name = "python-call",
	.help = "CPython: a handler in C calls the C API",
	.needs = ORACLE_NEEDS_PYTHON,
	.begin = begin,
	.judge = judge,
	.end = end,
};
