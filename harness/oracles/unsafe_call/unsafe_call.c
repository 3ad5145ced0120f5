/* SPDX-License-Identifier: MIT */
/*
 * Functions outside POSIX's list of async-signal-safe ones that a handler reaches. Where the
 * interrupted stack is inside such a function too, that is what POSIX calls undefined; elsewhere a
 * warning. Says nothing of what came of it in this trial: that is the oracle end's business.
 */
#include "harness/oracles/unsafe_call/unsafe_call.h"

#include "harness/base/alloc.h"
#include "harness/base/signals.h"
#include "harness/model/evidence.h"
#include "harness/oracles/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 200000     /* of a handler that are looked at */
#define STEPS_AGAIN 5000 /* once one was longer than that: another look shows the same */

#define EDITION "POSIX.1-2024"

struct state {
	struct names names;
	struct reach *reaches;
	uint64_t limit;
	struct place interrupted; /* of the latest boundary: most of the next are in it too */
	struct told *told;
	bool has_library;
	size_t module_count; /* when that was found out */
	char reason[240];    /* why not */
};

/* Evidence is made for the first trial of a finding; only that one is kept. */
struct told {
	UT_hash_handle hh;
	char key[];
};

static int begin(const struct stage *stage, void *knowledge, void **out)
{
	struct state *state = alloc_zero(sizeof(*state));

	(void)knowledge;
	/* The stage is the walker's own; oracles only look through it. */
	names_init(&state->names, (struct walker *)&stage->walker);
	state->limit = STEPS;
	*out = state;
	return 0;
}

static void end(void *opaque)
{
	struct state *state = opaque;
	struct reach *reach;
	struct reach *next_reach;
	struct told *told;
	struct told *next_told;

	if (!state)
		return;
	HASH_ITER (hh, state->reaches, reach, next_reach) {
		HASH_DEL(state->reaches, reach);
		reach_clear(reach);
		free(reach);
	}
	HASH_ITER (hh, state->told, told, next_told) {
		HASH_DEL(state->told, told);
		free(told);
	}
	names_free(&state->names);
	free(state);
}

static bool is_new(struct state *state, const char *kind, const char *place)
{
	char key[UNSAFE_NAME + 16];
	struct told *told;
	size_t length = (size_t)snprintf(key, sizeof(key), "%s %s", kind, place);

	HASH_FIND(hh, state->told, key, length, told);
	if (told)
		return false;
	told = alloc_zero(sizeof(*told) + length + 1);
	memcpy(told->key, key, length);
	HASH_ADD_KEYPTR(hh, state->told, told->key, length, told);
	return true;
}

static bool has_library(struct state *state)
{
	const size_t count = symbols_module_count(state->names.walker->symbols);

	if (count != state->module_count) {
		state->module_count = count;
		state->has_library =
			names_has_library(&state->names, state->reason, sizeof(state->reason));
	}
	return state->has_library;
}

/* The function that was interrupted, as an address that stands for it. */
static uint64_t interrupted_function(struct state *state, uint64_t pc)
{
	struct place *place = &state->interrupted;

	if (!place->function_size || pc - place->function_start >= place->function_size)
		(void)!symbols_place(state->names.walker->symbols, pc, place);
	return place->function_start ? place->function_start : pc;
}

/* What the handler does when it interrupts this function, returns or not, and this comes of it. */
static struct reach *find_reach(struct state *state, const struct trial *trial)
{
	const struct reach_key key = {
		.handler = trial->handler,
		.function = interrupted_function(state, trial->boundary->pc),
		.outcome = (uint64_t)trial->has_returned << 63 |
			   (uint64_t)trial->outcome.kind << 32 | (uint32_t)trial->outcome.number,
	};
	struct reach *reach;

	HASH_FIND(hh, state->reaches, &key, sizeof(key), reach);
	if (reach)
		return reach;
	reach = alloc_zero(sizeof(*reach));
	reach->key = key;
	if (reach_learn(reach, &state->names, trial, state->limit))
		snprintf(reach->unknown, sizeof(reach->unknown),
			 "the handler could not be stepped: %s", fail_text());
	if (*reach->unknown)
		state->limit = STEPS_AGAIN;
	HASH_ADD(hh, state->reaches, key, sizeof(reach->key), reach);
	return reach;
}

static void describe(const struct callee *called, const struct callee *interrupted, char *title,
		     size_t size)
{
	if (interrupted)
		snprintf(title, size,
			 "the handler calls %.60s() here inside %.60s(); neither is "
			 "async-signal-safe, so the behaviour is undefined (" EDITION ", 2.4.3)",
			 called->name, interrupted->name);
	else
		snprintf(title, size,
			 "the handler calls %.60s(), which is not async-signal-safe (%s)",
			 called->name,
			 called->safety == SAFETY_DROPPED ? "since " EDITION : EDITION ", 2.4.3");
}

static void judge_call(struct state *state, const struct unsafe_call *call,
		       const struct callee *interrupted, struct verdict *verdict)
{
	verdict->value = VERDICT_VIOLATED;
	verdict->kind = interrupted ? "definite" : "warning";
	verdict->severity = interrupted ? SEVERITY_ERROR : SEVERITY_WARNING;
	describe(&call->callee, interrupted, verdict->title, sizeof(verdict->title));
	snprintf(verdict->place, sizeof(verdict->place), "%s", call->callee.name);
	if (is_new(state, verdict->kind, verdict->place))
		verdict->evidence =
			json_pack("{s:s, s:s, s:s?, s:O}", "function", call->callee.name,
				  "exported", call->callee.exported, "interrupted",
				  interrupted ? interrupted->name : NULL, "call_path", call->path);
}

static void judge_jump(struct state *state, const struct reach *reach,
		       const struct callee *interrupted, struct verdict *verdict)
{
	verdict->value = VERDICT_VIOLATED;
	verdict->kind = "definite";
	verdict->severity = SEVERITY_ERROR;
	snprintf(verdict->title, sizeof(verdict->title),
		 "the handler leaves %.60s() by %s() here; when an unsafe function is called next, "
		 "the behaviour is undefined (" EDITION ", 2.4.3)",
		 interrupted->name, reach->jump);
	snprintf(verdict->place, sizeof(verdict->place), "%s", reach->jump);
	if (is_new(state, verdict->kind, verdict->place))
		verdict->evidence = json_pack("{s:s, s:s}", "function", reach->jump, "interrupted",
					      interrupted->name);
}

static size_t judge_unknown(const char *reason, struct verdict *verdict)
{
	verdict->value = VERDICT_UNKNOWN;
	snprintf(verdict->title, sizeof(verdict->title), "%s", reason);
	return 1;
}

static size_t judge_reach(struct state *state, const struct reach *reach, struct verdict *verdicts)
{
	const struct callee *interrupted = NULL;
	bool is_known = true;
	size_t count = 0;

	if (reach->count || reach->jump)
		interrupted = stack_unsafe_function(&state->names, &is_known);
	for (size_t i = 0; i < reach->count; i++)
		judge_call(state, &reach->calls[i], interrupted, &verdicts[count++]);
	if (reach->jump && interrupted)
		judge_jump(state, reach, interrupted, &verdicts[count++]);
	if (*reach->unknown)
		count += judge_unknown(reach->unknown, &verdicts[count]);
	else if (!is_known)
		count += judge_unknown("the interrupted stack could not be followed to its end, so "
				       "it is not known whether it is inside an unsafe function",
				       &verdicts[count]);
	return count;
}

static size_t judge(void *opaque, const struct trial *trial, struct verdict *verdicts)
{
	struct state *state = opaque;

	if (trial->delivery != DELIVERY_ENTERED || trial->is_late)
		return 0;
	if (!has_library(state))
		return judge_unknown(state->reason, verdicts);
	return judge_reach(state, find_reach(state, trial), verdicts);
}

const struct oracle oracle_unsafe_call = {
	.name = "unsafe-call",
	.help = "functions that are not async-signal-safe, reached from the handler",
	.needs = ORACLE_NEEDS_RETURN,
	.begin = begin,
	.judge = judge,
	.end = end,
};
