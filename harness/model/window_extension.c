/* SPDX-License-Identifier: MIT */
/*
 * The way to an extension's code, for a window that has only what happens in it: between its calls
 * an interpreter executes thousands of instructions that are no boundaries. They run at full speed,
 * with breakpoints all over the extension's code, so that it is entered nowhere unseen, be it
 * through a function, a return into it or a switch of stacks.
 */
#include "harness/model/window_private.h"

#include "harness/engine/unwind.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define FRAMES_MAX 1024

bool window_is_outside(const struct window *window)
{
	return window->in_kind == WINDOW_IN_EXTENSION && window->inside_sp == 0;
}

bool window_stack_is_in(const struct window *window, struct walker *walker,
			const struct registers *registers)
{
	struct frame frames[FRAMES_MAX];
	bool complete;
	const size_t count = unwind_stack(walker->unwinder, walker->pid, registers, frames,
					  FRAMES_MAX, &complete);

	for (size_t i = 0; i < count; i++) {
		const struct module *module =
			symbols_module_at(walker->symbols, frames[i].pc - !frames[i].is_exact);

		if (module && module_matches(module, window->in))
			return true;
	}
	return !complete; /* one too many rather than one unseen */
}

/* Sets traps in all modules that match, as they are now. */
static int trap(const struct window *window, struct walker *walker)
{
	struct code_range *ranges;
	size_t count;
	int error = symbols_code(walker->symbols, window->in, &ranges, &count);

	if (error)
		return error;
	error = walker_trap_code(walker, ranges, count);
	free(ranges);
	return error;
}

static int mark_ends(const struct window *window, struct walker *walker)
{
	int error = 0;

	for (size_t i = 0; !error && i < window->end_count; i++)
		if (!walker_is_trapped(walker, window->ends[i]))
			error = walker_add_breakpoint(walker, window->ends[i]);
	return error;
}

/* Behind a system call: may it have brought code that was not there? */
static bool maps_code(struct walker *walker)
{
	const struct registers *registers;

	if (walker->in_syscall || walker_registers(walker, &registers))
		return false;
	if (registers_syscall(registers) != SYS_mmap &&
	    registers_syscall(registers) != SYS_mprotect)
		return false;
	return registers_syscall_argument(registers, 2) & PROT_EXEC;
}

int window_pass_call(const struct window *window, struct walker *walker)
{
	return window->in_kind == WINDOW_IN_EXTENSION && maps_code(walker) ? walker_refresh(walker)
									   : 0;
}

static int run(const struct window *window, struct walker *walker)
{
	bool at_breakpoint;

	do {
		int error = walker_run_syscall(walker, &at_breakpoint);

		if (!error && walker->end == WALKER_RUNS && !at_breakpoint && maps_code(walker)) {
			error = walker_refresh(walker);
			if (!error)
				error = trap(window, walker);
		}
		if (error || walker->end != WALKER_RUNS)
			return error;
	} while (!at_breakpoint ||
		 (!walker_is_trapped(walker, walker->pc) && !window_is_end(window, walker->pc)));
	return 0;
}

int window_run_inside(struct window *window, struct walker *walker)
{
	int error = trap(window, walker);
	int removed;

	if (error == -ENOTSUP) {
		fail_clear();
		return walker_step(walker);
	}
	if (!error)
		error = mark_ends(window, walker);
	if (!error)
		error = run(window, walker);
	walker_clear_breakpoints(walker);
	removed = walker_untrap_code(walker);
	return error ? error : removed;
}
