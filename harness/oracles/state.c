/* SPDX-License-Identifier: MIT */
/*
 * State of the C run time that a signal must leave as it was: errno when the handler returns; and,
 * where the program ends as in the baseline, its signal mask, alternate signal stack, dispositions
 * and floating-point control. What the baseline ends with is taken from the controls.
 */
#include "harness/base/alloc.h"
#include "harness/base/signals.h"
#include "harness/engine/guard.h"
#include "harness/kernel/memory.h"
#include "harness/kernel/procfs.h"
#include "harness/kernel/ptrace.h"
#include "harness/model/ask.h"
#include "harness/model/evidence.h"
#include "harness/model/trial.h"
#include "harness/oracles/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

/* glibc, musl and the BSDs' C libraries on Linux: the address of this thread's errno. */
#define ERRNO_FUNCTION "__errno_location"

struct end_state {
	bool is_known;
	uint64_t mask;
	struct guard_signals signals;
	uint32_t float_control;
};

struct state {
	uint64_t errno_at; /* 0: not known */
	int errno_before;  /* at the boundary */
	bool has_errno_after;
	bool dies_at_return;
	int errno_after;           /* when the handler returned */
	struct end_state expected; /* of the latest control */
	struct end_state got;
};

static int begin(const struct stage *stage, void *knowledge, void **out)
{
	struct state *state = alloc_zero(sizeof(*state));

	(void)knowledge;
	*out = state;
	if (ask_copy((struct stage *)stage, ERRNO_FUNCTION, &state->errno_at)) {
		state->errno_at = 0;
		fail_clear();
	}
	return 0;
}

static int before(void *context, const struct trial *trial)
{
	struct state *state = context;

	state->got.is_known = false;
	state->has_errno_after = false;
	state->dies_at_return = false;
	if (state->errno_at && memory_read(trial->stage->walker.pid, state->errno_at,
					   &state->errno_before, sizeof(state->errno_before)))
		state->errno_at = 0;
	return 0;
}

/* A one-shot handler (SA_RESETHAND) is reset by the kernel, which no system call shows. */
static void settle_one_shot(const struct trial *trial, struct guard_signals *signals)
{
	const struct guard_action *was =
		&trial->stage->guard.walker_signals.actions[trial->stage->scenario->signal];
	struct guard_action *action = &signals->actions[trial->stage->scenario->signal];

	if (trial->is_control || !(was->flags & SA_RESETHAND))
		return;
	if (action->handler == was->handler)
		*action = *was;
}

static void read_end(struct end_state *end, const struct trial *trial)
{
	end->is_known = trace_get_mask(trial->pid, &end->mask) == 0 &&
			trace_get_float_control(trial->pid, &end->float_control) == 0;
	end->signals = trial->stage->guard.trial_signals;
	settle_one_shot(trial, &end->signals);
}

/* Is the signal pending again, to end the program as soon as the handler has returned? That is how
 * a handler cleans up and lets the default action follow: nobody is left to look at errno. */
static bool is_about_to_die(const struct trial *trial)
{
	const int signal = trial->stage->scenario->signal;
	const uint64_t bit = UINT64_C(1) << (signal - 1);
	struct process_status status;

	if (procfs_status(trial->pid, &status))
		return false;
	return ((status.signals_pending | status.signals_pending_shared) & bit) &&
	       !(status.signals_caught & bit) && !(status.signals_ignored & bit);
}

/* That the program dies is asked only where it would make a difference: it costs a file of /proc.
 */
static void read_errno(struct state *state, const struct trial *trial)
{
	state->has_errno_after =
		state->errno_at && memory_read(trial->pid, state->errno_at, &state->errno_after,
					       sizeof(state->errno_after)) == 0;
	if (!state->has_errno_after || state->errno_after != state->errno_before)
		state->dies_at_return = is_about_to_die(trial);
}

static int on_stop(void *context, const struct trial *trial, enum oracle_moment moment)
{
	struct state *state = context;

	if (moment == MOMENT_EXIT)
		read_end(trial->is_control ? &state->expected : &state->got, trial);
	if (moment == MOMENT_RETURN)
		read_errno(state, trial);
	return 0;
}

static struct verdict *violate(struct verdict *verdict, const char *kind, enum severity severity)
{
	verdict->value = VERDICT_VIOLATED;
	verdict->kind = kind;
	verdict->severity = severity;
	return verdict;
}

static size_t judge_errno(const struct state *state, const struct trial *trial,
			  struct verdict *verdict)
{
	char handler[128];

	if (!trial->has_returned || state->dies_at_return)
		return 0;
	if (!state->errno_at || !state->has_errno_after) {
		verdict->value = VERDICT_UNKNOWN;
		snprintf(verdict->title, sizeof(verdict->title),
			 "errno cannot be read: the program has no " ERRNO_FUNCTION);
		return 1;
	}
	if (state->errno_after == state->errno_before)
		return 0;
	violate(verdict, "errno", SEVERITY_WARNING);
	evidence_place(&trial->stage->walker, trial->handler, handler, sizeof(handler));
	snprintf(verdict->title, sizeof(verdict->title),
		 "the handler %s returns with errno changed: the interrupted code may look at it",
		 handler);
	snprintf(verdict->place, sizeof(verdict->place), "%s", handler);
	verdict->evidence = json_pack(
		"{s:s, s:s, s:o}", "expected",
		strerrorname_np(state->errno_before) ? strerrorname_np(state->errno_before) : "?",
		"got",
		strerrorname_np(state->errno_after) ? strerrorname_np(state->errno_after) : "?",
		"errno_at", evidence_address(state->errno_at));
	return 1;
}

/* The signals of a mask as words. */
static void name_signals(uint64_t mask, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (int signal = 1; signal < GUARD_SIGNALS && used < size; signal++) {
		char name[SIGNAL_NAME_SIZE];

		if (mask & UINT64_C(1) << (signal - 1))
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? " " : "",
						 signal_name(signal, name));
	}
}

static size_t judge_mask(const struct state *state, struct verdict *verdict)
{
	const uint64_t blocked = state->got.mask & ~state->expected.mask;
	const uint64_t unblocked = state->expected.mask & ~state->got.mask;
	char names[120];

	if (!blocked && !unblocked)
		return 0;
	violate(verdict, "mask", SEVERITY_ERROR);
	name_signals(blocked ? blocked : unblocked, names, sizeof(names));
	snprintf(
		verdict->title, sizeof(verdict->title),
		"the signal mask is left changed: %s stays %s to the end, as it is not without the "
		"signal",
		names, blocked ? "blocked" : "unblocked");
	snprintf(verdict->place, sizeof(verdict->place), "%s %s", blocked ? "blocked" : "unblocked",
		 names);
	verdict->evidence =
		json_pack("{s:o, s:o}", "expected", evidence_address(state->expected.mask), "got",
			  evidence_address(state->got.mask));
	return 1;
}

static size_t judge_stack(const struct state *state, struct verdict *verdict)
{
	const struct guard_signals *expected = &state->expected.signals;
	const struct guard_signals *got = &state->got.signals;

	if (expected->stack == got->stack && expected->stack_size == got->stack_size)
		return 0;
	violate(verdict, "altstack", SEVERITY_ERROR);
	snprintf(
		verdict->title, sizeof(verdict->title),
		"the alternate signal stack at the end is not the one there is without the signal");
	snprintf(verdict->place, sizeof(verdict->place), "altstack");
	verdict->evidence = json_pack("{s:o, s:o}", "expected", evidence_address(expected->stack),
				      "got", evidence_address(got->stack));
	return 1;
}

static size_t judge_disposition(const struct state *state, struct verdict *verdict)
{
	for (int signal = 1; signal < GUARD_SIGNALS; signal++) {
		const struct guard_action *expected = &state->expected.signals.actions[signal];
		const struct guard_action *got = &state->got.signals.actions[signal];
		char name[SIGNAL_NAME_SIZE];

		if (expected->handler == got->handler)
			continue;
		violate(verdict, "disposition", SEVERITY_WARNING);
		signal_name(signal, name);
		snprintf(verdict->title, sizeof(verdict->title),
			 "the handling of %s at the end is not what it is without the signal",
			 name);
		snprintf(verdict->place, sizeof(verdict->place), "%s", name);
		verdict->evidence =
			json_pack("{s:o, s:o}", "expected", evidence_address(expected->handler),
				  "got", evidence_address(got->handler));
		return 1;
	}
	return 0;
}

static size_t judge_float(const struct state *state, struct verdict *verdict)
{
	if (state->expected.float_control == state->got.float_control)
		return 0;
	violate(verdict, "float", SEVERITY_ERROR);
	snprintf(verdict->title, sizeof(verdict->title),
		 "the floating-point control (rounding, traps) is left changed");
	snprintf(verdict->place, sizeof(verdict->place), "float");
	verdict->evidence =
		json_pack("{s:o, s:o}", "expected", evidence_address(state->expected.float_control),
			  "got", evidence_address(state->got.float_control));
	return 1;
}

static size_t judge(void *context, const struct trial *trial, struct verdict *verdicts)
{
	const struct state *state = context;
	size_t count = judge_errno(state, trial, verdicts);

	if (!trial_went_on(trial) || !state->got.is_known || !state->expected.is_known)
		return count;
	count += judge_mask(state, verdicts + count);
	count += judge_stack(state, verdicts + count);
	count += judge_disposition(state, verdicts + count);
	count += judge_float(state, verdicts + count);
	return count;
}

const struct oracle oracle_state = {
	.name = "state",
	.help = "errno, signal mask, alternate stack, dispositions, floating-point control",
	.needs = ORACLE_NEEDS_RETURN | ORACLE_NEEDS_CONTROL,
	.begin = begin,
	.before = before,
	.on_stop = on_stop,
	.judge = judge,
	.end = free,
};
