/* SPDX-License-Identifier: MIT */
/*
 * See unsafe_call.h: is the walker inside an unsafe function? The stack is cut into stretches of
 * frames in the standard libraries; in each, the function that the program called decides: what a
 * safe function calls inside the library is the library's own business. Knows nothing of handlers.
 */
#include "harness/oracles/unsafe_call/unsafe_call.h"

#include <string.h>

#define FRAMES 256

/* What calls the program is not called by it. */
static bool is_start(const char *name)
{
	static const char *const starts[] = {"start_main_impl", "start_call_main", "clone",
					     "start_main",      "start_thread",    "clone3",
					     "start_context",   "restore_rt"};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (strcmp(name, starts[i]) == 0)
			return true;
	return false;
}

static uint64_t lookup_of(const struct frame *frame)
{
	return frame->is_exact ? frame->pc : frame->pc - 1;
}

/* What the frame's function was called as; NULL when it has no name or starts threads. */
static const struct callee *name_frame(struct names *names, const struct frame *frame,
				       const struct frame *caller)
{
	const struct callee *callee = NULL;

	if (caller && !caller->is_exact && !caller->is_signal_frame)
		callee = names_called(names, caller->pc);
	if (!callee || !callee->is_named)
		callee = names_function(names, lookup_of(frame));
	return callee->is_named && !is_start(callee->name) ? callee : NULL;
}

static bool is_library_frame(struct names *names, const struct frame *frame)
{
	return !frame->is_signal_frame && names_owner(names, lookup_of(frame)) == OWNER_LIBRARY;
}

/* The outermost function with a name of the stretch of library frames from `first` to `last`. */
static const struct callee *name_stretch(struct names *names, const struct frame *frames,
					 size_t count, size_t first, size_t last)
{
	const struct callee *callee = NULL;

	for (size_t i = last + 1; !callee && i > first; i--)
		callee = name_frame(names, &frames[i - 1], i < count ? &frames[i] : NULL);
	return callee;
}

/* Are all frames described by unwind tables? What lies beyond one that is not is guessed from the
 * frame pointer, and may miss callers. A linkage stub as the innermost one is known without. */
static bool is_described(const struct symbols *symbols, const struct frame *frames, size_t count)
{
	uint64_t pushed;

	for (size_t i = 0; i < count; i++)
		if (!frames[i].function_start && !frames[i].is_signal_frame &&
		    (i > 0 || !symbols_is_stub(symbols, frames[i].pc, &pushed)))
			return false;
	return true;
}

const struct callee *stack_unsafe_function(struct names *names, bool *is_known)
{
	struct walker *walker = names->walker;
	const struct registers *registers;
	struct frame frames[FRAMES];
	size_t count;

	*is_known = false;
	if (walker_registers(walker, &registers))
		return NULL;
	count = unwind_stack(walker->unwinder, walker->pid, registers, frames, FRAMES, is_known);
	for (size_t first = 0; first < count; first++) {
		const struct callee *callee;
		size_t last = first;

		if (!is_library_frame(names, &frames[first]))
			continue;
		while (last + 1 < count && is_library_frame(names, &frames[last + 1]))
			last++;
		callee = name_stretch(names, frames, count, first, last);
		if (callee && callee_is_unsafe(callee)) {
			*is_known = true;
			return callee;
		}
		first = last;
	}
	*is_known = *is_known && is_described(walker->symbols, frames, count);
	return NULL;
}
