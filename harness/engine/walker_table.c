/* SPDX-License-Identifier: MIT */
/*
 * A table of code addresses as a set of breakpoints. Where a program jumps through one (an
 * interpreter's dispatch), the entries can lead to traps instead, one for each: a stop there says
 * which entry it was, the program goes on at the entry's own address, and nothing needs to be taken
 * out, stepped over and put back. To clean a copy is to write the table, which lies on a page or
 * two, where breakpoints at all targets would lie on dozens.
 *
 * The traps stand in the padding behind the code of the vDSO, in which nothing is ever executed.
 */
#include "harness/engine/walker_private.h"

#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The traps of a table that was hooked before stay there. */
static bool is_free(uint8_t byte)
{
	return byte == 0 || byte == *breakpoint_instruction;
}

static int find_padding(const struct walker *walker, size_t size, uint64_t *address)
{
	uint8_t bytes[WALKER_TABLE_MAX];

	for (size_t i = 0; i < walker->maps.count; i++) {
		const struct mapping *mapping = &walker->maps.list[i];

		if (strcmp(mapping->path, "[vdso]") != 0 || !mapping->executable)
			continue;
		*address = mapping->end - size;
		if (memory_read(walker->pid, *address, bytes, size))
			return -ENOTSUP;
		for (size_t n = 0; n < size; n++)
			if (!is_free(bytes[n]))
				return -ENOTSUP;
		return 0;
	}
	return -ENOTSUP;
}

static int write_table(pid_t pid, const struct walker_table *table, const uint64_t *entries)
{
	int error = 0;

	for (size_t i = 0; !error && i < table->address_count; i++)
		error = memory_write(pid, table->addresses[i], entries,
				     table->count * sizeof(*entries));
	return error;
}

int walker_hook_table(struct walker *walker, const struct walker_table *table,
		      const bool *is_hooked)
{
	uint64_t entries[WALKER_TABLE_MAX];
	uint8_t traps[WALKER_TABLE_MAX];
	uint64_t padding;
	int error = walker->table ? -EBUSY : find_padding(walker, table->count, &padding);

	if (error)
		return error;
	memset(traps, *breakpoint_instruction, table->count);
	for (size_t i = 0; i < table->count; i++)
		entries[i] = !is_hooked || is_hooked[i] ? padding + i : table->targets[i];
	error = memory_write(walker->pid, padding, traps, table->count);
	if (error)
		return -ENOTSUP;
	walker->table = alloc_zero(sizeof(*walker->table));
	*walker->table = *table;
	walker->table_traps = padding;
	return write_table(walker->pid, table, entries);
}

int walker_clean_table(const struct walker *walker, pid_t copy)
{
	return walker->table ? write_table(copy, walker->table, walker->table->targets) : 0;
}

void walker_forget_table(struct walker *walker)
{
	free(walker->table);
	walker->table = NULL;
}

bool walker_table_target(const struct walker *walker, uint64_t pc, uint64_t *target)
{
	const uint64_t n = pc - walker->table_traps;

	if (!walker->table || n >= walker->table->count)
		return false;
	*target = walker->table->targets[n];
	return true;
}
