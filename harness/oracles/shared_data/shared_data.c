/* SPDX-License-Identifier: MIT */
/*
 * Data that a handler shares with the code it interrupts: objects half written, updates lost, plain
 * variables read over and over. What is found where is computed in the survey; a trial is judged by
 * its position in the window. Whether it came to harm in this trial is the oracle end's business.
 */
#include "harness/oracles/shared_data/shared_data.h"

#include "harness/base/alloc.h"
#include "harness/model/evidence.h"
#include "harness/oracles/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct knowledge {
	struct trace trace;
	struct shared_findings findings;
};

struct state {
	struct walker *walker;
	struct knowledge *knowledge;
	uint64_t steps; /* the walker's where the window begins */
	uint64_t calls;
	bool *is_told; /* for each finding: was its evidence given? */
};

static void forget(void *opaque)
{
	struct knowledge *knowledge = opaque;

	if (!knowledge)
		return;
	trace_free(&knowledge->trace);
	free(knowledge->findings.list);
	free(knowledge);
}

/* Between opcodes an interpreter's own code is in the middle of nothing: what it does of the
 * program is not machine code, and it is not this oracle that looks at it. */
static bool is_left_out(const struct scenario *scenario)
{
	return strcmp(scenario->injector->name, "opcode") == 0;
}

static int survey(struct stage *stage, void **out)
{
	struct knowledge *knowledge = alloc_zero(sizeof(*knowledge));
	int error;

	*out = knowledge;
	if (is_left_out(stage->scenario))
		return 0;
	error = trace_take(&knowledge->trace, stage);
	if (!error)
		findings_find(&knowledge->findings, &knowledge->trace, stage->walker.symbols);
	return error;
}

static int begin(const struct stage *stage, void *knowledge, void **out)
{
	struct state *state = alloc_zero(sizeof(*state));

	state->knowledge = knowledge;
	/* The stage is the walker's own; oracles only look through it. */
	state->walker = (struct walker *)&stage->walker;
	state->steps = stage->walker.steps;
	state->calls = stage->walker.syscalls;
	state->is_told = alloc_zero(state->knowledge->findings.count + 1);
	*out = state;
	return 0;
}

static void end(void *opaque)
{
	struct state *state = opaque;

	if (!state)
		return;
	free(state->is_told);
	free(state);
}

/*
 * The boundary's position in the survey's trace. The walker was stepped all the way, but for
 * boundaries at system calls, which are counted instead. False: it is none of the trace's.
 */
static bool find_position(const struct state *state, const struct boundary *boundary,
			  size_t *position)
{
	const struct trace *trace = &state->knowledge->trace;
	uint64_t call = state->walker->syscalls - state->calls;

	switch (boundary->phase) {
	case PHASE_AT:
		*position = state->walker->steps - state->steps;
		break;
	case PHASE_BEFORE:
	case PHASE_DURING:
		if (call >= trace->call_count)
			return false;
		*position = trace->calls[call];
		break;
	case PHASE_AFTER:
		if (call == 0 || call > trace->call_count)
			return false;
		*position = trace->calls[call - 1] + 1;
		break;
	}
	return *position < trace->count && trace->steps[*position].line &&
	       trace->steps[*position].line->pc == boundary->pc;
}

static size_t judge_unknown(const char *reason, struct verdict *verdict)
{
	verdict->value = VERDICT_UNKNOWN;
	snprintf(verdict->title, sizeof(verdict->title), "%s", reason);
	return 1;
}

static const char other_handler[] = "another handler ran here than in the survey";

static const char *const kinds[] = {
	[SHARED_TORN] = "torn",
	[SHARED_LOST] = "lost-update",
	[SHARED_PLAIN] = "plain",
};

/* What the object is called, and its type, where these are known. */
static void name_object(struct state *state, const struct shared_finding *finding, char *name,
			size_t size, const struct data_place *place)
{
	const bool is_whole = finding->kind == SHARED_TORN;

	if (place->is_typed)
		snprintf(name, size, "%.100s (%.60s)", is_whole ? place->object : place->part,
			 is_whole ? place->object_type : place->part_type);
	else if (place->symbol && finding->address == place->symbol_start)
		snprintf(name, size, "%.120s", place->symbol);
	else if (place->symbol && is_whole)
		snprintf(name, size, "%.120s", place->symbol);
	else if (place->symbol)
		snprintf(name, size, "%.120s+0x%llx", place->symbol,
			 (unsigned long long)(finding->address - place->symbol_start));
	else if (place->module)
		snprintf(name, size, "%.120s+0x%llx", place->module->name,
			 (unsigned long long)(finding->address - place->module->bias));
	else
		evidence_place(state->walker, finding->before_pc, name, size);
}

static void describe(const struct shared_finding *finding, const char *name, bool has_name,
		     char *title, size_t size)
{
	const char *memory = has_name ? "" : "memory used by ";

	switch (finding->kind) {
	case SHARED_TORN:
		snprintf(title, size, "%s%.90s is half written here, and the handler %s it", memory,
			 name, finding->handler_writes ? "writes" : "reads");
		return;
	case SHARED_LOST:
		snprintf(title, size,
			 "what the handler writes to %s%.90s here is lost: the program has loaded "
			 "it and stores a result computed from the old value",
			 memory, name);
		return;
	case SHARED_PLAIN:
		snprintf(title, size,
			 "the handler writes %s%.90s, which the program reads before and after; it "
			 "is neither volatile sig_atomic_t nor atomic",
			 memory, name);
		return;
	}
}

static json_t *evidence_of(struct state *state, const struct shared_finding *finding,
			   const char *name, const struct data_place *place)
{
	const bool is_whole = finding->kind == SHARED_TORN;
	const uint64_t address = !place->is_typed ? finding->address
				 : is_whole       ? place->object_start
						  : place->part_start;

	return json_pack("{s:s, s:o, s:s?, s:s?, s:o, s:o, s:s, s:o}", "object", name, "address",
			 evidence_address(address), "symbol", place->symbol, "type",
			 !place->is_typed ? NULL
			 : is_whole       ? place->object_type
					  : place->part_type,
			 "before", evidence_where(state->walker, finding->before_pc), "after",
			 evidence_where(state->walker, finding->after_pc), "handler",
			 finding->handler_writes ? "writes" : "reads", "handler_instruction",
			 evidence_where(state->walker, finding->handler_pc));
}

static void judge_finding(struct state *state, size_t n, struct verdict *verdict)
{
	const struct shared_finding *finding = &state->knowledge->findings.list[n];
	struct data_place place;
	bool has_name;

	has_name = symbols_data_at(state->walker->symbols, finding->address, &place);
	verdict->value = VERDICT_VIOLATED;
	verdict->kind = kinds[finding->kind];
	verdict->severity = finding->kind == SHARED_PLAIN                   ? SEVERITY_NOTE
			    : finding->kind == SHARED_TORN && !place.symbol ? SEVERITY_WARNING
									    : SEVERITY_ERROR;
	name_object(state, finding, verdict->place, sizeof(verdict->place), &place);
	describe(finding, verdict->place, has_name, verdict->title, sizeof(verdict->title));
	if (!state->is_told[n])
		verdict->evidence = evidence_of(state, finding, verdict->place, &place);
	state->is_told[n] = true;
}

static bool is_among(const struct verdict *verdicts, size_t count, const struct verdict *verdict)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(verdicts[i].kind, verdict->kind) == 0 &&
		    strcmp(verdicts[i].place, verdict->place) == 0)
			return true;
	return false;
}

static size_t judge_position(struct state *state, size_t position, struct verdict *verdicts)
{
	const struct shared_findings *findings = &state->knowledge->findings;
	size_t low = 0;
	size_t high = findings->count;
	size_t count = 0;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (findings->list[middle].first <= position)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low > 0 && findings->list[low - 1].reach >= position && count < VERDICTS_MAX - 1;
	     low--) {
		if (findings->list[low - 1].last < position)
			continue;
		judge_finding(state, low - 1, &verdicts[count]);
		if (is_among(verdicts, count, &verdicts[count]))
			json_decref(verdicts[count].evidence);
		else
			count++;
	}
	return count;
}

static size_t judge(void *opaque, const struct trial *trial, struct verdict *verdicts)
{
	struct state *state = opaque;
	const struct trace *trace = &state->knowledge->trace;
	const struct sample *sample;
	size_t position = 0;
	size_t count;

	if (trial->delivery != DELIVERY_ENTERED || trial->is_late ||
	    is_left_out(trial->stage->scenario))
		return 0;
	if (trace->is_quiet)
		return trial->handler == trace->handler ? 0
							: judge_unknown(other_handler, verdicts);
	if (!find_position(state, trial->boundary, &position))
		return judge_unknown(*trace->reason && !trace->is_complete
					     ? trace->reason
					     : "the program took another path here than in the "
					       "survey",
				     verdicts);
	sample = trace_sample(trace, position);
	if (!sample || !sample->is_entered || sample->handler != trial->handler)
		return judge_unknown(other_handler, verdicts);
	count = judge_position(state, position, verdicts);
	if (*sample->unknown)
		count += judge_unknown(sample->unknown, &verdicts[count]);
	return count;
}

const struct oracle oracle_shared_data = {
	.name = "shared-data",
	.help = "objects that handler and interrupted code both touch, caught half-way",
	.survey = survey,
	.forget = forget,
	.begin = begin,
	.judge = judge,
	.end = end,
};
