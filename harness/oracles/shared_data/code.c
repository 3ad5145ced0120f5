/* SPDX-License-Identifier: MIT */
/* See shared_data.h: instructions, and whether what they touch is the program's. */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/oracles/shared_data/shared_data.h"

#include <stdlib.h>
#include <string.h>

const struct code_line *code_line_at(struct code_lines *lines, pid_t pid, uint64_t pc)
{
	struct instruction instruction;
	struct code_line *line;
	ssize_t size;

	HASH_FIND(hh, lines->lines, &pc, sizeof(pc), line);
	if (line)
		return line;
	line = alloc_zero(sizeof(*line));
	line->pc = pc;
	size = memory_read_some(pid, pc, line->bytes, sizeof(line->bytes));
	if (size <= 0 || decode_instruction(line->bytes, (size_t)size, &instruction) ||
	    access_flow_of(line->bytes, (size_t)size, &line->flow)) {
		free(line);
		return NULL;
	}
	line->length = instruction.length;
	HASH_ADD(hh, lines->lines, pc, sizeof(line->pc), line);
	return line;
}

void code_lines_free(struct code_lines *lines)
{
	struct code_line *line;
	struct code_line *next;

	HASH_ITER (hh, lines->lines, line, next) {
		HASH_DEL(lines->lines, line);
		free(line);
	}
}

/* Code outside of the libraries has come into one: by which function, and is it one of those that
 * touch nothing but what they are given? All that may be called in a handler are. */
static void enter_library(struct owning *owning, uint64_t pc, uint64_t sp)
{
	struct callee callee;

	names_entered(owning->names, pc, owning->stub_sp == sp ? owning->stub : 0, &callee);
	owning->is_on_arguments = callee.is_named && !callee_is_unsafe(&callee);
}

void owning_follow(struct owning *owning, uint64_t pc, uint64_t sp, uint32_t flags)
{
	const enum code_owner owner = names_owner(owning->names, pc);
	uint64_t pushed;

	if (owner == OWNER_PROGRAM &&
	    symbols_is_stub(owning->names->walker->symbols, pc, &pushed) && !pushed) {
		owning->stub = pc;
		owning->stub_sp = sp;
	}
	if (owner == OWNER_LIBRARY && owning->owner != OWNER_LIBRARY) {
		if (owning->flags & INSTRUCTION_RETURN)
			owning->is_on_arguments = false; /* back from what it called */
		else
			enter_library(owning, pc, sp);
	}
	owning->owner = owner;
	owning->flags = flags;
}

bool owning_counts(const struct owning *owning, uint64_t address)
{
	struct symbols *symbols = owning->names->walker->symbols;

	if (owning->owner == OWNER_LOADER || names_owner(owning->names, address) != OWNER_PROGRAM)
		return false;
	return owning->owner == OWNER_PROGRAM || owning->is_on_arguments ||
	       symbols_module_at(symbols, address);
}
