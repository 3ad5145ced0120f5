/* SPDX-License-Identifier: MIT */
/*
 * Where the finally blocks and with statements of decoded code are. The compiler writes a finally's
 * body once for each way out, and once more as the handler of exceptions: the copies have the same
 * lines, which no other code has. An except clause is handler only. The end of a with statement is
 * a call with three times None.
 */
#include "harness/python/blocks_private.h"

#include "harness/base/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_MAX 64   /* handlers around an instruction */
#define EXIT_REACH 8   /* instructions between the end of a block and the call of __exit__ */
#define IS_HANDLING -1 /* up to 3.10: in place of a handler, while an exception is handled */

static struct blocks_instruction *at(const struct blocks_code *code, int offset)
{
	return &code->list[offset / BLOCKS_UNIT];
}

static struct python_step *step_at(const struct blocks_code *code, int offset)
{
	return &code->out->steps[offset / BLOCKS_UNIT];
}

static bool is_named(const struct blocks_code *code, int offset, const char *name)
{
	return offset >= 0 && (size_t)offset / BLOCKS_UNIT < code->count &&
	       at(code, offset)->name && strcmp(at(code, offset)->name, name) == 0;
}

/* The instruction before the one at `offset`; -1: it is the first. */
static int previous(const struct blocks_code *code, int offset)
{
	for (offset -= BLOCKS_UNIT; offset >= 0; offset -= BLOCKS_UNIT)
		if (at(code, offset)->name)
			return offset;
	return -1;
}

static bool mark_normal(void *context, int offset)
{
	struct blocks_code *code = context;

	at(code, offset)->is_normal = true;
	return true;
}

/* From 3.11 on: the handler of an exception at `offset`; -1: none. */
static int handler_of(const struct blocks_code *code, int offset)
{
	for (size_t n = 0; n < code->row_count; n++)
		if (offset >= code->rows[n].start && offset < code->rows[n].end)
			return code->rows[n].target;
	return -1;
}

/* Up to 3.10 */

static void copy_stack(struct blocks_instruction *to, const struct blocks_instruction *from)
{
	memcpy(to->stack, from->stack, sizeof(to->stack));
	to->depth = from->depth;
	to->has_stack = true;
}

static void push(struct blocks_instruction *instruction, int handler)
{
	const int max = sizeof(instruction->stack) / sizeof(*instruction->stack);

	if (instruction->depth < max)
		instruction->stack[instruction->depth++] = (int16_t)handler;
}

static bool pops(const char *name)
{
	return strcmp(name, "POP_BLOCK") == 0 || strcmp(name, "POP_EXCEPT") == 0 ||
	       strcmp(name, "END_ASYNC_FOR") == 0;
}

/* Gives `offset` the blocks around it, unless it has them; whether that is new. */
static bool reach(struct blocks_code *code, int offset, const struct blocks_instruction *after)
{
	if (offset < 0 || (size_t)offset / BLOCKS_UNIT >= code->count ||
	    at(code, offset)->has_stack)
		return false;
	copy_stack(at(code, offset), after);
	return true;
}

static size_t go_on(struct blocks_code *code, int offset, int *waiting, size_t count)
{
	const struct blocks_instruction *here = at(code, offset);
	struct blocks_instruction after = *here;
	const bool sets_up = strncmp(here->name, "SETUP_", 6) == 0 && here->target >= 0;

	if (pops(here->name) && after.depth > 0)
		after.depth--;
	if (here->target >= 0 && !sets_up && reach(code, here->target, &after))
		waiting[count++] = here->target;
	if (sets_up) {
		push(&after, IS_HANDLING);
		if (reach(code, here->target, &after))
			waiting[count++] = here->target;
		after.depth--;
		push(&after, here->target);
	}
	if (here->falls && reach(code, here->next, &after))
		waiting[count++] = here->next;
	return count;
}

/* Runs the block stack along all ways through the code. */
static void find_stacks(struct blocks_code *code)
{
	int *waiting = alloc_resize(NULL, 2 * code->count + 2, sizeof(*waiting));
	size_t count = 0;

	at(code, 0)->has_stack = true;
	waiting[count++] = 0;
	while (count > 0) {
		const int offset = waiting[--count];

		if (at(code, offset)->name)
			count = go_on(code, offset, waiting, count);
	}
	free(waiting);
}

/* All versions again */

/* The handlers that an exception at `offset` would come by one after the other, innermost first. */
static size_t chain_of(const struct blocks_code *code, int offset, int chain[CHAIN_MAX])
{
	const struct blocks_instruction *here = at(code, offset);
	size_t count = 0;

	if (code->minor <= 10) {
		for (int n = here->depth - 1; n >= 0; n--)
			if (here->stack[n] != IS_HANDLING)
				chain[count++] = here->stack[n];
		return count;
	}
	for (int handler = handler_of(code, offset); handler >= 0 && count < CHAIN_MAX;
	     handler = handler_of(code, handler))
		chain[count++] = handler;
	return count;
}

static bool have_equal_chains(const struct blocks_code *code, int a, int b)
{
	int left[CHAIN_MAX];
	int right[CHAIN_MAX];
	const size_t count = chain_of(code, a, left);

	return count == chain_of(code, b, right) && memcmp(left, right, count * sizeof(*left)) == 0;
}

static int first_line(const struct blocks_code *code, int target)
{
	int offset = is_named(code, target, "PUSH_EXC_INFO") ? at(code, target)->next : target;

	for (; (size_t)offset / BLOCKS_UNIT < code->count; offset = at(code, offset)->next)
		if (step_at(code, offset)->line)
			return step_at(code, offset)->line;
	return 0;
}

static bool has_normal_line(const struct blocks_code *code, int line)
{
	for (size_t n = 0; n < code->count; n++)
		if (code->list[n].is_normal && code->out->steps[n].line == line)
			return true;
	return false;
}

static int add_block(struct blocks_code *code, int target, int line, enum python_block_kind kind)
{
	struct python_blocks *out = code->out;

	for (size_t n = 0; n < out->count; n++)
		if (out->blocks[n].target == target)
			return 0;
	if (out->count == PYTHON_BLOCKS_MAX)
		return -E2BIG;
	out->blocks[out->count++] =
		(struct python_block){.kind = kind, .line = line, .target = target};
	return 0;
}

/* A handler at `target` of what begins behind the instruction at `setup`. */
static int look_at_handler(struct blocks_code *code, int setup, int target)
{
	int first = target;
	int line;

	if (code->minor >= 11) {
		if (!is_named(code, target, "PUSH_EXC_INFO"))
			return 0;
		first = at(code, target)->next;
	}
	if (is_named(code, first, "WITH_EXCEPT_START"))
		return add_block(code, target,
				 code->minor <= 10 && setup >= 0 ? step_at(code, setup)->line
								 : step_at(code, first)->line,
				 PYTHON_BLOCK_WITH);
	if (is_named(code, first, "END_ASYNC_FOR"))
		return 0;
	line = first_line(code, target);
	return line && has_normal_line(code, line)
		       ? add_block(code, target, line, PYTHON_BLOCK_FINALLY)
		       : 0;
}

static int list_blocks(struct blocks_code *code)
{
	int error = 0;

	for (size_t n = 0; error == 0 && n < code->row_count; n++)
		error = look_at_handler(code, -1, code->rows[n].target);
	for (size_t n = 0; error == 0 && code->minor <= 10 && n < code->count; n++) {
		const struct blocks_instruction *here = &code->list[n];

		if (here->name && here->target >= 0 && strncmp(here->name, "SETUP_", 6) == 0)
			error = look_at_handler(code, (int)n * BLOCKS_UNIT, here->target);
	}
	return error;
}

struct marking {
	struct blocks_code *code;
	size_t block;
};

static bool mark_handler(void *context, int offset)
{
	const struct marking *marking = context;

	if (at(marking->code, offset)->is_normal)
		return false;
	step_at(marking->code, offset)->handler |= UINT64_C(1) << marking->block;
	return true;
}

/* The copies of a finally's body. */
static void mark_lines(struct blocks_code *code, size_t block)
{
	const uint64_t bit = UINT64_C(1) << block;

	for (size_t n = 0; n < code->count; n++) {
		const int line = code->out->steps[n].line;

		if (!(code->out->steps[n].handler & bit) || !line)
			continue;
		for (size_t i = 0; i < code->count; i++)
			if (code->list[i].is_normal && code->out->steps[i].line == line)
				code->out->steps[i].cleanup |= bit;
	}
}

/* The call at `offset` and what awaits its result. */
static void mark_exit(struct blocks_code *code, size_t block, int offset)
{
	static const char *const awaiting[] = {"GET_AWAITABLE",
					       "PUSH_NULL",
					       "LOAD_CONST",
					       "LOAD_COMMON_CONSTANT",
					       "YIELD_FROM",
					       "SEND",
					       "YIELD_VALUE",
					       "RESUME",
					       "JUMP_BACKWARD_NO_INTERRUPT",
					       "END_SEND",
					       NULL};

	step_at(code, offset)->cleanup |= UINT64_C(1) << block;
	offset = at(code, offset)->next;
	if (!is_named(code, offset, "GET_AWAITABLE"))
		return;
	for (; (size_t)offset / BLOCKS_UNIT < code->count; offset = at(code, offset)->next) {
		size_t n = 0;

		while (awaiting[n] && !is_named(code, offset, awaiting[n]))
			n++;
		if (!awaiting[n])
			return;
		step_at(code, offset)->cleanup |= UINT64_C(1) << block;
	}
}

/* Up to 3.10 the end of the block is an instruction, and the call follows it. */
static void mark_exits_behind(struct blocks_code *code, size_t block)
{
	const int target = code->out->blocks[block].target;

	for (size_t n = 0; n < code->count; n++) {
		const struct blocks_instruction *here = &code->list[n];
		int offset;

		if (!here->name || strcmp(here->name, "POP_BLOCK") != 0 || !here->depth ||
		    here->stack[here->depth - 1] != target)
			continue;
		offset = here->next;
		for (int reach = 0; reach < EXIT_REACH; reach++, offset = at(code, offset)->next) {
			if ((size_t)offset / BLOCKS_UNIT >= code->count)
				break;
			if (is_named(code, offset, "CALL_FUNCTION") &&
			    at(code, offset)->argument == 3) {
				mark_exit(code, block, offset);
				break;
			}
		}
	}
}

/* Three times None before the call at `offset`? */
static bool gets_three_nones(const struct blocks_code *code, int offset)
{
	int before = previous(code, offset);

	if (is_named(code, before, "PRECALL"))
		before = previous(code, before);
	for (int n = 0; n < 3; n++, before = previous(code, before))
		if (!is_named(code, before, "LOAD_CONST") &&
		    !is_named(code, before, "LOAD_COMMON_CONSTANT"))
			return false;
	return true;
}

/* From 3.11 on: calls of the with statement's line, in the same blocks as its beginning. */
static void mark_exits_by_line(struct blocks_code *code, size_t block)
{
	const struct python_block *with = &code->out->blocks[block];
	int start = -1;
	int setup;

	for (size_t n = 0; n < code->row_count; n++)
		if (code->rows[n].target == with->target &&
		    (start < 0 || code->rows[n].start < start))
			start = code->rows[n].start;
	setup = previous(code, start);
	if (setup >= 0)
		step_at(code, setup)->enters |= UINT64_C(1) << block;
	for (int offset = start; offset >= 0 && (size_t)offset / BLOCKS_UNIT < code->count;
	     offset = at(code, offset)->next) {
		if (at(code, offset)->is_normal && step_at(code, offset)->line == with->line &&
		    is_named(code, offset, "CALL") && gets_three_nones(code, offset) &&
		    setup >= 0 && have_equal_chains(code, offset, setup))
			mark_exit(code, block, offset);
	}
}

static void mark_inside(struct blocks_code *code)
{
	for (size_t n = 0; n < code->count; n++) {
		int chain[CHAIN_MAX];
		const size_t count =
			code->list[n].name ? chain_of(code, (int)n * BLOCKS_UNIT, chain) : 0;

		for (size_t i = 0; i < count; i++)
			for (size_t block = 0; block < code->out->count; block++)
				if (code->out->blocks[block].target == chain[i])
					code->out->steps[n].inside |= UINT64_C(1) << block;
	}
}

int blocks_find(struct blocks_code *code)
{
	int error;

	if (!code->count)
		return 0;
	blocks_flow(code, 0, mark_normal, code);
	if (code->minor <= 10)
		find_stacks(code);
	error = list_blocks(code);
	for (size_t n = 0; error == 0 && n < code->out->count; n++) {
		blocks_flow(code, code->out->blocks[n].target, mark_handler,
			    &(struct marking){.code = code, .block = n});
		if (code->out->blocks[n].kind == PYTHON_BLOCK_FINALLY)
			mark_lines(code, n);
		else if (code->minor <= 10)
			mark_exits_behind(code, n);
		else
			mark_exits_by_line(code, n);
	}
	mark_inside(code);
	return error;
}
