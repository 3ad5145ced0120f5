/* SPDX-License-Identifier: MIT */
/*
 * See unsafe_call.h: steps through a handler and notes each unsafe function that it enters. A call
 * into the standard libraries counts as the function that the program's code calls, however the
 * library does it: what runs inside is nobody's call until code outside the library runs again
 * (another handler in raise(), say). Knows nothing of the interrupted stack.
 */
#include "harness/model/evidence.h"
#include "harness/model/inspect.h"
#include "harness/oracles/unsafe_call.h"

#include <stdio.h>
#include <string.h>

#define DEPTH 32
#define STACK_MAX (UINT64_C(1) << 23) /* bytes that a handler may use of its stack */

/* A library function that has not returned. */
struct entered {
	uint64_t sp; /* at its first instruction: on the return address */
	bool is_unsafe;
};

struct visit {
	struct reach *reach;
	struct names *names;
	struct entered entered[DEPTH];
	size_t depth;
	uint64_t handler_sp; /* at its first instruction; 0: not yet seen */
	uint64_t stub;       /* the latest stub of a linkage table that was passed, ... */
	uint64_t stub_sp;    /* ... and the stack pointer there */
	uint32_t flags;      /* of the latest instruction */
	bool was_library;
	const char *jump; /* in longjmp or siglongjmp: its name */
	bool has_end;     /* entered what does not return */
};

/* `name` if it is in the list that NULL ends, as it stands there. */
static const char *find_name(const char *name, const char *const *names)
{
	while (*names && strcmp(name, *names) != 0)
		names++;
	return *names;
}

static const char *const jumps[] = {"longjmp", "siglongjmp", NULL};

/* What does not return, so that nothing of the handler follows. */
static const char *const ends[] = {"exit",        "err",       "errx",        "verr", "verrx",
				   "assert_fail", "cxa_throw", "cxa_rethrow", NULL};

/* Frames of the copy from where it stands to the handler. */
static json_t *call_path(struct names *names, pid_t pid, const struct registers *registers)
{
	struct walker *walker = names->walker;
	struct frame frames[TRIAL_FRAMES];
	size_t count = unwind_stack(walker->unwinder, pid, registers, frames, TRIAL_FRAMES, NULL);
	size_t end = 0;

	while (end < count && !frames[end].is_signal_frame)
		end++;
	return evidence_stack(walker, frames, end);
}

static void note_call(struct visit *visit, const struct callee *callee, pid_t pid,
		      const struct registers *registers)
{
	struct reach *reach = visit->reach;

	for (size_t i = 0; i < reach->count; i++)
		if (strcmp(reach->calls[i].callee.name, callee->name) == 0)
			return;
	if (reach->count == UNSAFE_CALLS_MAX)
		return;
	reach->calls[reach->count].callee = *callee;
	reach->calls[reach->count++].path = call_path(visit->names, pid, registers);
}

static bool is_in_unsafe(const struct visit *visit)
{
	for (size_t i = 0; i < visit->depth; i++)
		if (visit->entered[i].is_unsafe)
			return true;
	return false;
}

static void enter(struct visit *visit, uint64_t pc, pid_t pid, const struct registers *registers)
{
	const uint64_t sp = registers_sp(registers);
	const bool was_in_unsafe = is_in_unsafe(visit);
	struct callee callee;

	names_entered(visit->names, pc, visit->stub_sp == sp ? visit->stub : 0, &callee);
	if (visit->depth < DEPTH)
		visit->entered[visit->depth++] =
			(struct entered){.sp = sp, .is_unsafe = callee_is_unsafe(&callee)};
	if (was_in_unsafe || !callee.is_named)
		return;
	if (callee_is_unsafe(&callee)) {
		note_call(visit, &callee, pid, registers);
		visit->has_end = find_name(callee.name, ends) != NULL;
	} else {
		visit->jump = find_name(callee.name, jumps);
	}
}

/* After a longjmp: is the stack no longer the handler's? */
static bool has_jumped_out(const struct visit *visit, uint64_t sp)
{
	return sp > visit->handler_sp || visit->handler_sp - sp > STACK_MAX;
}

static bool visit_instruction(void *context, pid_t pid, const struct code_entry *code,
			      const struct registers *registers)
{
	struct visit *visit = context;
	const uint64_t sp = registers_sp(registers);
	const bool is_library = names_is_library(visit->names, code->pc);
	const bool is_first = !visit->handler_sp;
	uint64_t pushed;

	if (is_first)
		visit->handler_sp = sp;
	while (visit->depth && sp > visit->entered[visit->depth - 1].sp)
		visit->depth--;
	if (visit->jump && !is_library) {
		if (has_jumped_out(visit, sp))
			return false;
		visit->jump = NULL;
	}
	if (is_library && !visit->was_library && (is_first || !(visit->flags & INSTRUCTION_RETURN)))
		enter(visit, code->pc, pid, registers);
	else if (!is_library && symbols_is_stub(visit->names->walker->symbols, code->pc, &pushed) &&
		 !pushed) {
		visit->stub = code->pc;
		visit->stub_sp = sp;
	}
	visit->was_library = is_library;
	visit->flags = code->instruction.flags;
	return !visit->has_end;
}

static void explain(struct reach *reach, const struct inspection *inspection)
{
	switch (inspection->end) {
	case INSPECT_RETURNED:
	case INSPECT_LEFT:
	case INSPECT_ENDED:
	case INSPECT_STOPPED:
		return;
	case INSPECT_BLOCKED:
		snprintf(
			reach->unknown, sizeof(reach->unknown),
			"the handler sleeps in a system call: what it calls after it was not seen");
		return;
	case INSPECT_LIMIT:
		snprintf(reach->unknown, sizeof(reach->unknown),
			 "the handler did not return within %llu instructions: what it calls after "
			 "them was not seen",
			 (unsigned long long)inspection->limit);
		return;
	case INSPECT_NOT_ENTERED:
		snprintf(reach->unknown, sizeof(reach->unknown),
			 "no handler was entered in the copy in which it was to be stepped");
		return;
	}
}

int reach_learn(struct reach *reach, struct names *names, const struct trial *trial, uint64_t limit)
{
	struct stage *stage = trial->stage;
	const struct capture saved = stage->capture;
	struct visit visit = {.reach = reach, .names = names};
	struct inspection inspection = {
		.visit = visit_instruction, .context = &visit, .limit = limit};
	int error;

	/* The inspection drops what its copy prints, not what the trial printed before it. */
	capture_mark(&stage->capture);
	error = inspect_run(&inspection, stage, trial->boundary);
	stage->capture = saved;
	if (error)
		return error;
	if (inspection.end == INSPECT_LEFT || inspection.end == INSPECT_STOPPED)
		reach->jump = visit.jump;
	explain(reach, &inspection);
	return 0;
}

void reach_clear(struct reach *reach)
{
	for (size_t i = 0; i < reach->count; i++)
		json_decref(reach->calls[i].path);
}
