/* SPDX-License-Identifier: MIT */
/* See code.h. A direct-mapped table in front of nothing: a pc that loses its slot is decoded again.
 */
#include "harness/engine/code.h"

#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS (1u << 16) /* 2.5 MiB; a window's working set of instructions rarely has more */

struct code {
	uint32_t generation; /* of the entries that hold; forgetting them is a new one */
	struct code_entry slots[SLOTS];
};

struct code *code_new(void)
{
	struct code *code = alloc_zero(sizeof(*code)); /* pages come with their first use */

	code->generation = 1;
	return code;
}

void code_free(struct code *code)
{
	free(code);
}

void code_forget(struct code *code)
{
	code->generation++;
}

static void decode(struct code_entry *entry, pid_t pid, const struct maps *maps)
{
	const struct mapping *mapping = maps_find(maps, entry->pc);
	uint8_t bytes[INSTRUCTION_MAX];
	ssize_t size = memory_read_some(pid, entry->pc, bytes, sizeof(bytes));

	memset(&entry->instruction, 0, sizeof(entry->instruction));
	if (size > 0 && decode_instruction(bytes, (size_t)size, &entry->instruction))
		memset(&entry->instruction, 0, sizeof(entry->instruction));
	entry->is_fixed = mapping && mapping->inode && !mapping->writable;
}

struct code_entry *code_at(struct code *code, pid_t pid, const struct maps *maps, uint64_t pc)
{
	struct code_entry *entry = &code->slots[(pc ^ pc >> 16) & (SLOTS - 1)];

	const bool is_known = entry->pc == pc && entry->generation == code->generation;

	if (is_known && entry->is_fixed)
		return entry;
	if (!is_known)
		entry->eligible = -1;
	entry->pc = pc;
	entry->generation = code->generation;
	decode(entry, pid, maps);
	return entry;
}
