/* SPDX-License-Identifier: MIT */
/*
 * Whole ranges of code as breakpoints. A breakpoint is one byte (int3), so that code filled with it
 * stops at whatever instruction is executed first. The ranges are sections that hold code alone:
 * what other modules read of a module lies elsewhere.
 */
#include "harness/engine/walker_private.h"

#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t size_of(const struct walker_trap *trap)
{
	return trap->range.end - trap->range.start;
}

void walker_forget_traps(struct walker *walker)
{
	for (size_t i = 0; i < walker->trap_count; i++)
		free(walker->traps[i].saved);
	free(walker->traps);
	walker->traps = NULL;
	walker->trap_count = 0;
}

int walker_clean_traps(const struct walker *walker, pid_t copy)
{
	for (size_t i = 0; i < walker->trap_count; i++) {
		const struct walker_trap *trap = &walker->traps[i];

		if (memory_write(copy, trap->range.start, trap->saved, size_of(trap)))
			return fail(-EFAULT, "cannot put the code of %s back",
				    walker->launch->program);
	}
	return 0;
}

static int set(struct walker *walker, const struct code_range *range)
{
	struct walker_trap trap = {.range = *range};
	uint8_t *fill = alloc_zero(size_of(&trap));
	int error;

	trap.saved = alloc_zero(size_of(&trap));
	memset(fill, *breakpoint_instruction, size_of(&trap));
	error = memory_read(walker->pid, range->start, trap.saved, size_of(&trap));
	if (!error)
		error = memory_write(walker->pid, range->start, fill, size_of(&trap));
	free(fill);
	if (error) {
		free(trap.saved);
		return fail(-EFAULT, "cannot set breakpoints in the code of %s",
			    walker->launch->program);
	}
	walker->traps[walker->trap_count++] = trap;
	return 0;
}

int walker_trap_code(struct walker *walker, const struct code_range *ranges, size_t count)
{
	int error = walker_untrap_code(walker);

	walker->traps = alloc_zero(count * sizeof(*walker->traps));
	for (size_t i = 0; !error && i < count; i++)
		error = set(walker, &ranges[i]);
	return error;
}

int walker_untrap_code(struct walker *walker)
{
	int error = walker->end == WALKER_RUNS ? walker_clean_traps(walker, walker->pid) : 0;

	walker_forget_traps(walker);
	return error;
}

bool walker_is_trapped(const struct walker *walker, uint64_t pc)
{
	for (size_t i = 0; i < walker->trap_count; i++)
		if (pc >= walker->traps[i].range.start && pc < walker->traps[i].range.end)
			return true;
	return false;
}
