/* SPDX-License-Identifier: MIT */
/*
 * A boundary before each bytecode instruction of a CPython. The interpreter runs at full speed
 * between its dispatch points, at which breakpoints stop it; what it dispatches as one (joined
 * instructions of warm code) is one, since nothing can interrupt it in between.
 */
#include "injectors/table.h"

#include "harness/base/alloc.h"
#include "harness/model/interpreter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct state {
	bool has_begun;
	struct dispatch *dispatch;
};

static int probe(struct injection *injection)
{
	const struct window *window = injection->window;
	struct dispatch *dispatch;

	if (!window->interpreter)
		return fail(-ENOTSUP,
			    "no opcode boundaries in %s where the window begins: %s (`module` is "
			    "where a CPython begins with its script)",
			    injection->walker->launch->program, window->no_interpreter);
	return interpreter_dispatch(window->interpreter, &dispatch);
}

static int stop_at_points(struct walker *walker, const struct dispatch *dispatch)
{
	size_t count;
	const uint64_t *points = dispatch_points(dispatch, &count);
	int error = 0;

	for (size_t i = 0; !error && i < count; i++)
		error = walker_add_breakpoint(walker, points[i]);
	return error;
}

/* Ends in Python terms are dispatch points, where it stops anyway. */
static int stop_at_ends(struct injection *injection, const struct dispatch *dispatch)
{
	const struct window *window = injection->window;
	int error = 0;

	for (size_t i = 0; !error && i < window->end_count; i++)
		if (!dispatch_is_point(dispatch, window->ends[i]))
			error = walker_add_breakpoint(injection->walker, window->ends[i]);
	return error;
}

static int begin(struct injection *injection)
{
	struct state *state = alloc_zero(sizeof(*state));
	const struct walker_table *table;
	int error;

	injection->state = state;
	injection->window->sees_stops_only = true;
	error = probe(injection);
	if (!error)
		error = interpreter_dispatch(injection->window->interpreter, &state->dispatch);
	if (error)
		return error;
	table = dispatch_table(state->dispatch);
	error = table ? walker_hook_table(injection->walker, table, NULL) : -ENOTSUP;
	if (error == -ENOTSUP) {
		fail_clear();
		error = stop_at_points(injection->walker, state->dispatch);
	}
	return error ? error : stop_at_ends(injection, state->dispatch);
}

/* Runs to the next breakpoint: 1, or 0 when the walker has ended. System calls on the way are
 * stopped at as well, to be counted: what a copy shares with the walker changes with them only. */
static int run(const struct window *window, struct walker *walker)
{
	bool at_breakpoint = false;

	while (!at_breakpoint) {
		int error = walker_run_syscall(walker, &at_breakpoint);

		if (error)
			return error;
		if (walker->end != WALKER_RUNS)
			return 0;
		if (!at_breakpoint)
			error = window_pass_call(window, walker);
		if (error)
			return error;
		if (walker->execed)
			return fail(-ENOTSUP,
				    "the program executed another one, whose opcodes are not "
				    "followed");
	}
	return 1;
}

static bool is_compiled(const struct interpreter *interpreter, uint8_t opcode)
{
	return strcmp(python_opcode_name(interpreter_python(interpreter), opcode),
		      "ENTER_EXECUTOR") == 0;
}

/* Does a new instruction start where the walker stands? 1: yes. */
static int is_start(const struct injection *injection, const struct state *state,
		    struct boundary *boundary)
{
	struct interpreter *interpreter = injection->window->interpreter;
	struct dispatch_instruction instruction;

	if (!dispatch_is_point(state->dispatch, injection->walker->pc))
		return 0;
	if (interpreter_instruction(interpreter, &instruction)) {
		fail_clear();
		return 0;
	}
	if (is_compiled(interpreter, instruction.opcode))
		return fail(-ENOTSUP, "CPython's compiler is on (PYTHON_JIT), and what it has made "
				      "of a loop has no opcodes: run the program with "
				      "PYTHON_JIT=0");
	*boundary = (struct boundary){
		.tid = injection->walker->pid,
		.pc = injection->walker->pc,
		.phase = PHASE_AT,
		.syscall = -1,
		.python = interpreter_place(interpreter, injection->walker->pid, &instruction)};
	return !instruction.is_again;
}

static int next(struct injection *injection, struct boundary *boundary)
{
	struct state *state = injection->state;
	struct walker *walker = injection->walker;
	int is_boundary;

	do {
		if (state->has_begun) {
			int more = run(injection->window, walker);

			if (more <= 0)
				return more;
		}
		state->has_begun = true;
		if (window_is_end(injection->window, walker->pc))
			return 0;
		is_boundary = is_start(injection, state, boundary);
	} while (!is_boundary);
	return is_boundary;
}

static void finish(struct injection *injection)
{
	walker_clear_breakpoints(injection->walker);
	free(injection->state);
}

const struct injector injector_opcode = {
	.name = "opcode",
	.help = "before every bytecode instruction of a CPython",
	.probe = probe,
	.open = begin,
	.next = next,
	.close = finish,
};
