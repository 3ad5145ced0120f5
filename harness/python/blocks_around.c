/* SPDX-License-Identifier: MIT */
/*
 * See blocks_private.h: what is around each instruction, along all ways through the code, those of
 * exceptions too. An except clause's body is reached by an exception only, but executed like any
 * other code once that is caught, and so is what follows when the handler is left.
 */
#include "harness/python/blocks_private.h"

#include "harness/base/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The compiler nests 20 blocks (Include/cpython/code.h, CO_MAXBLOCKS), a function has 511 handlers
 * or is not looked at: what is damaged, or was never code, must not take forever. */
#define AROUND_MAX 4096

/* Offsets still to be gone on from. */
struct waiting {
	int *list;
	size_t count;
	size_t capacity;
};

struct blocks_instruction *blocks_at(const struct blocks_code *code, int offset)
{
	return &code->list[offset / BLOCKS_UNIT];
}

static bool is_instruction(const struct blocks_code *code, int offset)
{
	return offset >= 0 && (size_t)offset / BLOCKS_UNIT < code->count &&
	       blocks_at(code, offset)->name;
}

bool blocks_is_named(const struct blocks_code *code, int offset, const char *name)
{
	return is_instruction(code, offset) && strcmp(blocks_at(code, offset)->name, name) == 0;
}

int blocks_previous(const struct blocks_code *code, int offset)
{
	for (offset -= BLOCKS_UNIT; offset >= 0; offset -= BLOCKS_UNIT)
		if (blocks_at(code, offset)->name)
			return offset;
	return -1;
}

const struct python_handler *blocks_handler_of(const struct blocks_code *code, int offset)
{
	for (size_t n = 0; n < code->row_count; n++)
		if (offset >= code->rows[n].start && offset < code->rows[n].end)
			return &code->rows[n];
	return NULL;
}

/* The number of what is described, but for the count; 0 where there is no room left. */
static int number_of(struct blocks_code *code, struct blocks_around wanted)
{
	if (code->around_count)
		wanted.on_the_way = code->around[wanted.outer].on_the_way +
				    (!wanted.is_setup && !wanted.is_caught);
	for (size_t n = 1; n < code->around_count; n++) {
		const struct blocks_around *known = &code->around[n];

		if (known->outer == wanted.outer && known->target == wanted.target &&
		    known->depth == wanted.depth && known->is_setup == wanted.is_setup &&
		    known->is_noted == wanted.is_noted && known->is_caught == wanted.is_caught)
			return (int)n;
	}
	if (code->around_count == AROUND_MAX)
		return 0;
	alloc_grow((void **)&code->around, code->around_count, &code->around_capacity,
		   sizeof(*code->around));
	code->around[code->around_count] = wanted;
	return (int)code->around_count++;
}

/* Without the exception that is being handled. One raised since, which is on its way, stays. */
static int leave_handler(struct blocks_code *code, int around)
{
	struct blocks_around changed = code->around[around];

	if (!around || changed.is_noted)
		return changed.outer;
	changed.outer = leave_handler(code, changed.outer);
	return number_of(code, changed);
}

static int note_exception(struct blocks_code *code, int around)
{
	struct blocks_around changed = code->around[around];

	changed.is_noted = true;
	return around ? number_of(code, changed) : 0;
}

static int catch_exception(struct blocks_code *code, int around)
{
	struct blocks_around changed = code->around[around];

	if (!around || changed.is_setup)
		return around;
	blocks_at(code, changed.target)->is_clause = true;
	changed.is_caught = true;
	return number_of(code, changed);
}

/* A clause without a class first drops what the handler was given, which no other code does. */
static bool catches_all(const struct blocks_code *code, int offset)
{
	const struct blocks_around *around = &code->around[blocks_at(code, offset)->around];
	int before;

	if (!blocks_is_named(code, offset, "POP_TOP") || around->is_setup || around->is_caught)
		return false;
	if (code->minor <= 10)
		return around->target == offset;
	before = blocks_previous(code, offset);
	while (blocks_is_named(code, before, "NOP"))
		before = blocks_previous(code, before);
	return before == around->target && blocks_is_named(code, before, "PUSH_EXC_INFO");
}

/* Is the jump at `offset` the one behind the question whether the exception matches? */
static bool is_match(const struct blocks_code *code, int offset)
{
	int before = blocks_previous(code, offset);

	if (blocks_is_named(code, offset, "JUMP_IF_NOT_EXC_MATCH"))
		return true;
	while (blocks_is_named(code, before, "EXTENDED_ARG"))
		before = blocks_previous(code, before);
	if (blocks_is_named(code, before, "CHECK_EXC_MATCH"))
		return true;
	return blocks_is_named(code, before, "COPY") &&
	       blocks_is_named(code, blocks_previous(code, before), "CHECK_EG_MATCH");
}

/* Around what follows the instruction, if that is no jump. */
static int around_behind(struct blocks_code *code, int offset)
{
	const struct blocks_instruction *here = blocks_at(code, offset);

	if (strcmp(here->name, "POP_BLOCK") == 0 || strcmp(here->name, "END_ASYNC_FOR") == 0 ||
	    strcmp(here->name, "CLEANUP_THROW") == 0)
		return code->around[here->around].outer;
	if (strcmp(here->name, "POP_EXCEPT") == 0)
		return leave_handler(code, here->around);
	if (strcmp(here->name, "PUSH_EXC_INFO") == 0)
		return note_exception(code, here->around);
	if (catches_all(code, offset))
		return catch_exception(code, here->around);
	return here->around;
}

/* What two ways lead to counts as reached by the one with fewer exceptions on their way: the end of
 * `except*` clauses, say. */
static void reach(struct blocks_code *code, int offset, int around, struct waiting *waiting)
{
	struct blocks_instruction *instruction;

	if (!is_instruction(code, offset))
		return;
	instruction = blocks_at(code, offset);
	if (instruction->is_reached &&
	    code->around[instruction->around].on_the_way <= code->around[around].on_the_way)
		return;
	instruction->is_reached = true;
	instruction->around = around;
	alloc_grow((void **)&waiting->list, waiting->count, &waiting->capacity,
		   sizeof(*waiting->list));
	waiting->list[waiting->count++] = offset;
}

/* From 3.11 on: what is above the handler's depth of the value stack is gone with its values. */
static void raise_exception(struct blocks_code *code, int offset, int around,
			    struct waiting *waiting)
{
	const struct python_handler *row = blocks_handler_of(code, offset);
	int outer = around;

	if (!row)
		return;
	while (outer && code->around[outer].depth >= row->depth)
		outer = code->around[outer].outer;
	reach(code, row->target,
	      number_of(code, (struct blocks_around){.outer = outer,
						     .target = row->target,
						     .depth = row->depth}),
	      waiting);
}

/* Up to 3.10 */
static void set_up(struct blocks_code *code, int offset, struct waiting *waiting)
{
	const struct blocks_instruction *here = blocks_at(code, offset);
	struct blocks_around block = {.outer = here->around, .target = here->target};

	block.is_noted = true;
	reach(code, here->target, number_of(code, block), waiting);
	block.is_noted = false;
	block.is_setup = true;
	reach(code, here->next, number_of(code, block), waiting);
}

static void go_on(struct blocks_code *code, int offset, struct waiting *waiting)
{
	const struct blocks_instruction *here = blocks_at(code, offset);
	const int behind = around_behind(code, offset);
	int falls = behind;
	int jumps = behind;

	raise_exception(code, offset, behind, waiting);
	if (strncmp(here->name, "SETUP_", 6) == 0 && here->target >= 0) {
		set_up(code, offset, waiting);
		return;
	}
	if (here->target >= 0 && is_match(code, offset)) {
		if (strstr(here->name, "NOT_NONE"))
			jumps = catch_exception(code, behind);
		else
			falls = catch_exception(code, behind);
	}
	if (here->target >= 0)
		reach(code, here->target, jumps, waiting);
	if (here->falls)
		reach(code, here->next, falls, waiting);
}

int blocks_find_around(struct blocks_code *code)
{
	struct waiting waiting = {0};

	(void)number_of(code, (struct blocks_around){.target = -1});
	reach(code, 0, 0, &waiting);
	while (waiting.count > 0 && code->around_count < AROUND_MAX)
		go_on(code, waiting.list[--waiting.count], &waiting);
	free(waiting.list);
	return code->around_count < AROUND_MAX ? 0 : -E2BIG;
}

static int on_the_way(const struct blocks_code *code, int around)
{
	for (; around; around = code->around[around].outer)
		if (!code->around[around].is_setup && !code->around[around].is_caught)
			return code->around[around].target;
	return -1;
}

int blocks_on_the_way(const struct blocks_code *code, int offset)
{
	return on_the_way(code, blocks_at(code, offset)->around);
}

int blocks_on_the_way_outside(const struct blocks_code *code, int target)
{
	return on_the_way(code, code->around[blocks_at(code, target)->around].outer);
}

bool blocks_is_in_handler(const struct blocks_code *code, int offset, int target)
{
	int around = blocks_at(code, offset)->around;

	for (; around; around = code->around[around].outer)
		if (!code->around[around].is_setup && code->around[around].target == target)
			return true;
	return false;
}
