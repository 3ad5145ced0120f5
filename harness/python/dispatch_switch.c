/* SPDX-License-Identifier: MIT */
/*
 * Up to 3.10 the interpreter's loop has a switch beside its computed jumps, by which a frame's
 * first instruction is started (Python/ceval.c, _PyEval_EvalFrameDefault()). Compilers may have it
 * lead to a few instructions of its own before an opcode's body. Its table is found by its
 * contents: nearly all of its entries lead where those of opcode_targets do.
 */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/python/dispatch_private.h"

#include <stdlib.h>
#include <string.h>

#define LOWEST_MAX 1  /* the first number of the table: 0, or that of the first opcode */
#define OTHERS_PART 5 /* at most one entry in so many leads elsewhere */
#define LOOK 8        /* entries that are looked at first: what is no table is seen by them */
#define STRIDE                                                                                     \
	257             /* from one to the next: a prime above the number of opcodes, so that each \
			 * of them has its turn */
#define ENTRY_FAR 65536 /* more bytes from the function is none of its code */

struct table {
	const struct python *python;
	const struct walker_table *targets;
	const unsigned char *bytes;
	uint64_t address; /* of the table */
	size_t size;      /* bytes from there on */
	unsigned int lowest;
	bool is_relative; /* 32 bits from the table's start, or 64 bits as they are */
	uint8_t opcodes[PYTHON_OPCODES];
	size_t opcode_count;
};

static bool is_of_loop(const struct python *python, uint64_t address)
{
	return address + ENTRY_FAR >= python->image.eval &&
	       address < python->image.eval + python->image.eval_size + ENTRY_FAR;
}

/* Where it leads from opcode `n`; 0: nowhere in the loop. */
static uint64_t entry_of(const struct table *table, size_t n)
{
	const size_t width = table->is_relative ? sizeof(int32_t) : sizeof(uint64_t);
	const size_t at = (n - table->lowest) * width;
	uint64_t entry = 0;
	int32_t distance;

	if (n < table->lowest || at + width > table->size)
		return 0;
	if (table->is_relative) {
		memcpy(&distance, table->bytes + at, sizeof(distance));
		entry = table->address + (uint64_t)(int64_t)distance;
	} else {
		memcpy(&entry, table->bytes + at, sizeof(entry));
	}
	return is_of_loop(table->python, entry) ? entry : 0;
}

/* The opcodes in an order that mixes them. */
static void mix_opcodes(struct table *table)
{
	uint8_t named[PYTHON_OPCODES];
	size_t count = 0;

	for (size_t n = 0; n < PYTHON_OPCODES; n++)
		if (table->python->version->names[n] != NULL)
			named[count++] = (uint8_t)n;
	for (size_t n = 0; n < count; n++)
		table->opcodes[n] = named[n * STRIDE % count];
	table->opcode_count = count;
}

static bool is_switch(const struct table *table)
{
	size_t others = 0;

	for (size_t n = 0; n < table->opcode_count; n++) {
		const uint8_t opcode = table->opcodes[n];

		others += entry_of(table, opcode) != table->targets->targets[opcode];
		if (others > (n < LOOK ? LOOK / 2 : table->opcode_count / OTHERS_PART))
			return false;
	}
	return true;
}

/* opcode_targets itself, and tables that are mapped twice or read from their second entry on, are
 * known already. */
static bool is_known(const struct dispatch_switches *switches, const struct walker_table *targets,
		     const struct table *table, const uint64_t *entries)
{
	bool is_new = false;

	for (size_t n = 0; n < table->opcode_count; n++)
		is_new |= entries[table->opcodes[n]] != targets->targets[table->opcodes[n]];
	for (size_t n = 0; n < switches->count; n++)
		is_new &= memcmp(switches->entries[n], entries, sizeof(switches->entries[n])) != 0;
	return !is_new;
}

static void take(const struct table *table, struct dispatch_switches *switches)
{
	uint64_t entries[PYTHON_OPCODES];

	for (size_t n = 0; n < PYTHON_OPCODES; n++)
		entries[n] = table->python->version->names[n] != NULL ? entry_of(table, n) : 0;
	if (switches->count < DISPATCH_SWITCHES &&
	    !is_known(switches, table->targets, table, entries))
		memcpy(switches->entries[switches->count++], entries, sizeof(entries));
}

/* Looks for one that begins here. */
static void look(struct table *table, bool is_relative, struct dispatch_switches *switches)
{
	table->is_relative = is_relative;
	for (table->lowest = 0; table->lowest <= LOWEST_MAX; table->lowest++)
		if (is_switch(table))
			take(table, switches);
}

static void search(struct table *table, struct dispatch_switches *switches)
{
	for (size_t at = 0; table->size >= sizeof(uint64_t); at += sizeof(int32_t)) {
		look(table, true, switches);
		if (at % sizeof(uint64_t) == 0)
			look(table, false, switches);
		table->bytes += sizeof(int32_t);
		table->address += sizeof(int32_t);
		table->size -= sizeof(int32_t);
	}
}

void dispatch_find_switches(const struct python *python, pid_t pid,
			    const struct walker_table *targets, const struct mapping *mapping,
			    struct dispatch_switches *switches)
{
	struct table table = {.python = python, .targets = targets, .address = mapping->start};
	unsigned char *bytes = read_range(pid, mapping->start, mapping->end, &table.size);

	table.bytes = bytes;
	mix_opcodes(&table);
	search(&table, switches);
	free(bytes);
}
