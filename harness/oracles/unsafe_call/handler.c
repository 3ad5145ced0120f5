/* SPDX-License-Identifier: MIT */
/*
 * See unsafe_call.h: steps through a handler and notes each unsafe function that it enters. A call
 * into the standard libraries counts as the function that the program's code calls, however the
 * library does it: what runs inside is nobody's call until code outside the library runs again
 * (another handler in raise(), say). Knows nothing of the interrupted stack.
 */
#include "harness/model/evidence.h"
#include "harness/model/inspect.h"
#include "harness/oracles/unsafe_call/unsafe_call.h"

#include <stdio.h>
#include <string.h>

#define DEPTH 32

/* A library function that has not returned. */
struct entered {
	uint64_t sp; /* at its first instruction: on the return address */
	bool is_unsafe;
};

struct visit {
	struct inspection inspection;
	struct reach *reach;
	struct names *names;
	struct entered entered[DEPTH];
	size_t depth;
	uint64_t handler_sp;   /* at its first instruction; 0: not yet seen */
	uint64_t lowest_sp;    /* that code outside the libraries has had since */
	uint64_t stub;         /* the latest stub of a linkage table that was passed, ... */
	uint64_t stub_sp;      /* ... and the stack pointer there */
	uint32_t flags;        /* of the latest instruction */
	enum code_owner owner; /* of the latest instruction */
	const char *jump;      /* in longjmp or siglongjmp: its name */
	bool has_end;          /* entered what does not return */
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

/* What may run other code of the program (a handler, a new process) before it returns. Any other
 * library function is not stepped: whatever it does is its own business. */
static const char *const leading_on[] = {
	"_Fork",       "abort",        "daemon",          "fork",     "forkpty",    "kill",
	"killpg",      "pause",        "ppoll",           "pselect",  "raise",      "sleep",
	"sigprocmask", "sigqueue",     "sigsuspend",      "sigpause", "syscall",    "tgkill",
	"vfork",       "pthread_kill", "pthread_sigmask", "longjmp",  "siglongjmp", NULL};

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
	reach->calls[reach->count++].path =
		evidence_call_path(visit->names->walker, pid, registers);
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
	const bool is_inner = is_in_unsafe(visit);
	struct callee callee;

	names_entered(visit->names, pc, visit->stub_sp == sp ? visit->stub : 0, &callee);
	if (visit->depth < DEPTH)
		visit->entered[visit->depth++] =
			(struct entered){.sp = sp, .is_unsafe = callee_is_unsafe(&callee)};
	visit->inspection.run_to_return = !find_name(callee.name, leading_on);
	if (is_inner)
		return;
	if (callee_is_unsafe(&callee)) {
		note_call(visit, &callee, pid, registers);
		visit->has_end = find_name(callee.name, ends) != NULL;
	}
	visit->jump = find_name(callee.name, jumps);
}

/*
 * After a longjmp: is the stack no longer the handler's? Whoever has called setjmp() in the handler
 * was seen with the stack pointer that a jump there brings back; any other one is of the code that
 * was interrupted, or of another stack, wherever that lies.
 */
static bool has_jumped_out(const struct visit *visit, uint64_t sp)
{
	return sp > visit->handler_sp || sp < visit->lowest_sp;
}

static void keep_stub(struct visit *visit, uint64_t pc, uint64_t sp)
{
	uint64_t pushed;

	if (!symbols_is_stub(visit->names->walker->symbols, pc, &pushed) || pushed)
		return;
	visit->stub = pc;
	visit->stub_sp = sp;
}

static void follow(struct visit *visit, pid_t pid, uint64_t pc, const struct registers *registers)
{
	const enum code_owner owner = names_owner(visit->names, pc);
	const bool is_first = !visit->handler_sp;

	if (is_first)
		visit->handler_sp = visit->lowest_sp = registers_sp(registers);
	if (owner == OWNER_PROGRAM && registers_sp(registers) < visit->lowest_sp)
		visit->lowest_sp = registers_sp(registers);
	if (owner == OWNER_PROGRAM)
		keep_stub(visit, pc, registers_sp(registers));
	else if (owner == OWNER_LIBRARY && visit->owner != OWNER_LIBRARY &&
		 (is_first || !(visit->flags & INSTRUCTION_RETURN)))
		enter(visit, pc, pid, registers);
	else if (owner == OWNER_LOADER && visit->owner == OWNER_LOADER &&
		 (visit->flags & INSTRUCTION_CALL))
		visit->inspection.run_to_return = true; /* it binds a stub */
	visit->owner = owner;
}

static bool visit_instruction(void *context, pid_t pid, const struct code_entry *code,
			      const struct registers *registers)
{
	struct visit *visit = context;
	const uint64_t sp = registers_sp(registers);

	while (visit->depth && sp > visit->entered[visit->depth - 1].sp)
		visit->depth--;
	if (visit->jump && names_owner(visit->names, code->pc) == OWNER_PROGRAM) {
		if (has_jumped_out(visit, sp))
			return false;
		visit->jump = NULL;
	}
	follow(visit, pid, code->pc, registers);
	visit->flags =
		visit->inspection.run_to_return ? INSTRUCTION_RETURN : code->instruction.flags;
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
	struct visit visit = {
		.inspection = {.visit = visit_instruction, .context = &visit, .limit = limit},
		.reach = reach,
		.names = names,
	};
	const struct inspection *inspection = &visit.inspection;
	int error;

	error = inspect_run(&visit.inspection, stage, trial->boundary);
	if (error)
		return error;
	if (inspection->end == INSPECT_LEFT || inspection->end == INSPECT_STOPPED)
		reach->jump = visit.jump;
	explain(reach, inspection);
	return 0;
}

void reach_clear(struct reach *reach)
{
	for (size_t i = 0; i < reach->count; i++)
		json_decref(reach->calls[i].path);
}
