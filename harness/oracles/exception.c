/* SPDX-License-Identifier: MIT */
/*
 * C++ exceptions: what is caught or under way at the end that is not so in the baseline (as the
 * controls show it), and a throw that ended in std::terminate(). The run time keeps both per thread
 * in struct
 * __cxa_eh_globals (Itanium C++ ABI: Exception Handling, 2.2.2): a list of caught exceptions and
 * the number of uncaught ones.
 */
#include "harness/base/alloc.h"
#include "harness/engine/thread_blocks.h"
#include "harness/kernel/memory.h"
#include "harness/model/ask.h"
#include "harness/model/evidence.h"
#include "harness/model/trial.h"
#include "harness/oracles/table.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GLOBALS_FUNCTION "__cxa_get_globals"

struct globals {
	uint64_t caught; /* the top one; 0: none */
	uint32_t uncaught;
	uint32_t padding;
};

struct state {
	uint64_t at; /* of this thread's globals; 0: not known */
	bool is_there;
	struct thread_blocks blocks; /* where it is not: of the thread, at the window's start */
	bool has_expected;
	bool has_got;
	struct globals expected; /* of the latest control */
	struct globals got;
};

static int begin(const struct stage *stage, void *knowledge, void **out)
{
	struct state *state = alloc_zero(sizeof(*state));

	(void)knowledge;
	*out = state;
	/* No C++ run time, nothing to look at. */
	if (ask_copy_thread((struct stage *)stage, GLOBALS_FUNCTION, &state->at, &state->blocks,
			    &state->is_there)) {
		state->at = 0;
		fail_clear();
	}
	return 0;
}

static int before(void *context, const struct trial *trial)
{
	struct state *state = context;

	(void)trial;
	state->has_got = false;
	return 0;
}

/* Nothing was ever thrown where the globals have not been allocated; where they are now that they
 * have been is not known. */
static bool read_globals(const struct state *state, const struct trial *trial,
			 struct globals *globals)
{
	const struct registers *registers;
	struct thread_blocks blocks;

	*globals = (struct globals){0};
	if (state->is_there)
		return memory_read(trial->pid, state->at, globals, sizeof(*globals)) == 0;
	return walker_registers(&trial->stage->walker, &registers) == 0 &&
	       thread_blocks_read(trial->pid, registers_thread_pointer(registers), &blocks) == 0 &&
	       thread_blocks_equal(&blocks, &state->blocks);
}

static int on_stop(void *context, const struct trial *trial, enum oracle_moment moment)
{
	struct state *state = context;
	struct globals *globals = trial->is_control ? &state->expected : &state->got;
	bool *has = trial->is_control ? &state->has_expected : &state->has_got;

	if (moment == MOMENT_EXIT && state->at)
		*has = read_globals(state, trial, globals);
	return 0;
}

static struct verdict *violate(struct verdict *verdict, const char *kind)
{
	verdict->value = VERDICT_VIOLATED;
	verdict->kind = kind;
	verdict->severity = SEVERITY_ERROR;
	snprintf(verdict->place, sizeof(verdict->place), "%s", kind);
	return verdict;
}

static size_t judge_caught(const struct state *state, struct verdict *verdict)
{
	if (!state->got.caught == !state->expected.caught)
		return 0;
	violate(verdict, "caught");
	snprintf(verdict->title, sizeof(verdict->title),
		 state->got.caught
			 ? "an exception counts as being handled to the end, which none does "
			   "without the signal"
			 : "no exception is being handled at the end, but one is without the "
			   "signal");
	verdict->evidence =
		json_pack("{s:o, s:o}", "expected", evidence_address(state->expected.caught), "got",
			  evidence_address(state->got.caught));
	return 1;
}

static size_t judge_uncaught(const struct state *state, struct verdict *verdict)
{
	if (state->got.uncaught == state->expected.uncaught)
		return 0;
	violate(verdict, "uncaught");
	snprintf(verdict->title, sizeof(verdict->title),
		 "%u exceptions count as under way at the end; without the signal %u do",
		 state->got.uncaught, state->expected.uncaught);
	verdict->evidence =
		json_pack("{s:I, s:I}", "expected", (json_int_t)state->expected.uncaught, "got",
			  (json_int_t)state->got.uncaught);
	return 1;
}

static bool is_runtime(const struct module *module)
{
	return module && (strncmp(module->name, "libstdc++", 9) == 0 ||
			  strncmp(module->name, "libc++abi", 9) == 0);
}

static bool throws(const char *function)
{
	return strncmp(function, "__cxa_", 6) == 0 || strncmp(function, "_Unwind_", 8) == 0 ||
	       strcmp(function, "std::terminate()") == 0 ||
	       strcmp(function, "__gxx_personality_v0") == 0;
}

/* abort() called by the C++ run time, below something that throws. Its own std::terminate() has
 * often no name there: it is called by an internal alias. */
static bool is_in_terminate(const struct trial *trial)
{
	const struct trial_stack *stack = &trial->end_stack;
	bool by_runtime = false;
	bool after_abort = false;

	for (size_t i = 0; i < stack->count; i++) {
		const struct frame *frame = &stack->frames[i];
		struct place place = {0};

		(void)symbols_place(trial->stage->walker.symbols,
				    frame->is_exact ? frame->pc : frame->pc - 1, &place);
		by_runtime |= after_abort && is_runtime(place.module);
		after_abort = place.function && strcmp(place.function, "abort") == 0;
		if (by_runtime && place.function && throws(place.function))
			return true;
	}
	return false;
}

static size_t judge_terminate(const struct trial *trial, struct verdict *verdict)
{
	if (trial->outcome.kind != OUTCOME_SIGNAL || trial->outcome.number != SIGABRT ||
	    !is_in_terminate(trial))
		return 0;
	violate(verdict, "terminate");
	snprintf(verdict->title, sizeof(verdict->title),
		 "an exception thrown after the signal ends in std::terminate(): it meets a frame "
		 "that "
		 "lets none through, or another exception");
	return 1;
}

static size_t judge(void *context, const struct trial *trial, struct verdict *verdicts)
{
	const struct state *state = context;
	size_t count = judge_terminate(trial, verdicts);

	if (!trial_went_on(trial) || !state->at)
		return count;
	if (!state->has_expected || !state->has_got) {
		if (state->is_there)
			return count;
		verdicts[count].value = VERDICT_UNKNOWN;
		snprintf(verdicts[count].title, sizeof(verdicts[count].title),
			 "where the C++ run time notes exceptions is decided in the window");
		return count + 1;
	}
	count += judge_caught(state, verdicts + count);
	count += judge_uncaught(state, verdicts + count);
	return count;
}

const struct oracle oracle_exception = {
	.name = "exception",
	.help = "C++ exceptions left caught or uncaught, throws that end in std::terminate()",
	.needs = ORACLE_NEEDS_CONTROL,
	.begin = begin,
	.before = before,
	.on_stop = on_stop,
	.judge = judge,
	.end = free,
};
