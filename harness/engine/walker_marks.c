/* SPDX-License-Identifier: MIT */
/*
 * Marks: places of which somebody wants to know whenever the walker has passed them. Where it is
 * stepped the pc tells; where it runs a breakpoint stops it, which nobody who makes it run hears
 * of. Knows nothing of what a mark means.
 */
#include "harness/engine/walker_private.h"

#include <stdlib.h>

/* A place that is not mapped now is one of a library that was unloaded. Where all code is trapped,
 * the walker stops and is stepped. */
void walker_plant_marks(struct walker *walker)
{
	for (size_t i = 0; walker->marks && i < walker->marks->count; i++) {
		const size_t count = walker->breakpoint_count;

		if (walker_is_trapped(walker, walker->marks->places[i]))
			continue;
		if (walker_add_breakpoint(walker, walker->marks->places[i]))
			fail_clear();
		else if (walker->breakpoint_count > count)
			walker->breakpoints[count].is_mark = true;
	}
}

int walker_lift_marks(struct walker *walker)
{
	size_t kept = 0;
	int error = 0;

	for (size_t i = 0; i < walker->breakpoint_count; i++) {
		const struct walker_breakpoint *breakpoint = &walker->breakpoints[i];
		int lifted = 0;

		if (!breakpoint->is_mark) {
			walker->breakpoints[kept++] = *breakpoint;
			continue;
		}
		if (walker->end == WALKER_RUNS || walker->end == WALKER_THREADS ||
		    walker->end == WALKER_STUCK)
			lifted = walker_lift_breakpoint(walker, breakpoint->address);
		error = error ? error : lifted;
	}
	walker->breakpoint_count = kept;
	return error;
}

bool walker_is_on_mark(const struct walker *walker)
{
	if (walker->end != WALKER_RUNS)
		return false;
	for (size_t i = 0; i < walker->breakpoint_count; i++)
		if (walker->breakpoints[i].address == walker->pc)
			return walker->breakpoints[i].is_mark;
	return false;
}

/* A signal of its own may have taken it into a handler instead. */
void walker_pass_marks(struct walker *walker, uint64_t before, size_t length)
{
	struct walker_marks *marks = walker->marks;

	if (walker->pc != before + length)
		return;
	for (size_t i = 0; i < marks->count; i++) {
		if (marks->places[i] != before)
			continue;
		marks->on_passed(marks->context, walker, i);
		return;
	}
}
