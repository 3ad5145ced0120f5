/* SPDX-License-Identifier: MIT */
/*
 * Where the finally blocks and with statements of decoded code are. The compiler writes a finally's
 * body once for each way out, and once more as the handler of exceptions: the copies have the same
 * lines, which no other code has, and as many exceptions on their way as where the block is
 * entered. The end of a with statement is a call with three times None.
 */
#include "harness/python/blocks_private.h"

#include <errno.h>
#include <string.h>

#define CHAIN_MAX 64 /* handlers around an instruction */
#define EXIT_REACH 8 /* instructions between the end of a block and the call of __exit__ */

static struct python_step *step_at(const struct blocks_code *code, int offset)
{
	return &code->out->steps[offset / BLOCKS_UNIT];
}

/* The handlers that an exception at `offset` would come by one after the other, innermost first. */
static size_t chain_of(const struct blocks_code *code, int offset, int chain[CHAIN_MAX])
{
	const struct python_handler *row;
	size_t count = 0;

	if (code->minor <= 10) {
		for (int n = blocks_at(code, offset)->around; n && count < CHAIN_MAX;
		     n = code->around[n].outer)
			if (code->around[n].is_setup)
				chain[count++] = code->around[n].target;
		return count;
	}
	for (row = blocks_handler_of(code, offset); row && count < CHAIN_MAX;
	     row = blocks_handler_of(code, row->target))
		chain[count++] = row->target;
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
	int offset = blocks_is_named(code, target, "PUSH_EXC_INFO") ? blocks_at(code, target)->next
								    : target;

	for (; (size_t)offset / BLOCKS_UNIT < code->count; offset = blocks_at(code, offset)->next)
		if (step_at(code, offset)->line)
			return step_at(code, offset)->line;
	return 0;
}

/* Is the instruction executed where nothing is on its way but what already is where the handler at
 * `target` protects? */
static bool is_copy(const struct blocks_code *code, size_t n, int target)
{
	return code->list[n].is_reached && blocks_on_the_way(code, (int)n * BLOCKS_UNIT) ==
						   blocks_on_the_way_outside(code, target);
}

static bool has_copy(const struct blocks_code *code, int line, int target)
{
	for (size_t n = 0; n < code->count; n++)
		if (code->out->steps[n].line == line && is_copy(code, n, target))
			return true;
	return false;
}

/* The instruction before, but for the first bytes of its argument. */
static int before(const struct blocks_code *code, int offset)
{
	do
		offset = blocks_previous(code, offset);
	while (blocks_is_named(code, offset, "EXTENDED_ARG"));
	return offset;
}

/* Up to 3.10 an except clause that names its exception has a block for forgetting the name. It
 * follows the question whether the exception matches, of whose three words the name is given one.
 */
static bool forgets_name(const struct blocks_code *code, int setup)
{
	const int traceback = setup < 0 ? -1 : before(code, setup);
	const int value = before(code, traceback);
	const int type = before(code, value);

	return blocks_is_named(code, traceback, "POP_TOP") && value >= 0 &&
	       strncmp(blocks_at(code, value)->name, "STORE_", 6) == 0 &&
	       blocks_is_named(code, type, "POP_TOP") &&
	       blocks_is_named(code, before(code, type), "JUMP_IF_NOT_EXC_MATCH");
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

	if ((size_t)target / BLOCKS_UNIT >= code->count || !blocks_at(code, target)->is_reached ||
	    blocks_at(code, target)->is_clause || forgets_name(code, setup))
		return 0;
	if (code->minor >= 11) {
		if (!blocks_is_named(code, target, "PUSH_EXC_INFO"))
			return 0;
		first = blocks_at(code, target)->next;
	}
	if (blocks_is_named(code, first, "WITH_EXCEPT_START"))
		return add_block(code, target,
				 code->minor <= 10 && setup >= 0 ? step_at(code, setup)->line
								 : step_at(code, first)->line,
				 PYTHON_BLOCK_WITH);
	if (blocks_is_named(code, first, "END_ASYNC_FOR"))
		return 0;
	line = first_line(code, target);
	return line && has_copy(code, line, target)
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

static void mark_handler(struct blocks_code *code, size_t block)
{
	const int target = code->out->blocks[block].target;

	step_at(code, target)->starts |= UINT64_C(1) << block;
	for (size_t n = 0; n < code->count; n++)
		if (code->list[n].is_reached &&
		    blocks_is_in_handler(code, (int)n * BLOCKS_UNIT, target))
			code->out->steps[n].handler |= UINT64_C(1) << block;
}

/* The copies of a finally's body. */
static void mark_lines(struct blocks_code *code, size_t block)
{
	const uint64_t bit = UINT64_C(1) << block;
	const int target = code->out->blocks[block].target;

	for (size_t n = 0; n < code->count; n++) {
		const int line = code->out->steps[n].line;

		if (!(code->out->steps[n].handler & bit) || !line)
			continue;
		for (size_t i = 0; i < code->count; i++)
			if (code->out->steps[i].line == line && is_copy(code, i, target))
				code->out->steps[i].cleanup |= bit;
	}
}

/* The call at `offset` and what awaits its result. */
static void mark_exit(struct blocks_code *code, size_t block, int offset)
{
	static const char *const awaiting[] = {"GET_AWAITABLE",
					       "PUSH_NULL",
					       "EXTENDED_ARG",
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
	offset = blocks_at(code, offset)->next;
	if (!blocks_is_named(code, offset, "GET_AWAITABLE"))
		return;
	for (; (size_t)offset / BLOCKS_UNIT < code->count; offset = blocks_at(code, offset)->next) {
		size_t n = 0;

		while (awaiting[n] && !blocks_is_named(code, offset, awaiting[n]))
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
		const struct blocks_around *around = &code->around[here->around];
		int offset;

		if (!here->is_reached || strcmp(here->name, "POP_BLOCK") != 0 ||
		    !around->is_setup || around->target != target)
			continue;
		offset = here->next;
		for (int reach = 0; reach < EXIT_REACH;
		     reach++, offset = blocks_at(code, offset)->next) {
			if ((size_t)offset / BLOCKS_UNIT >= code->count)
				break;
			if (blocks_is_named(code, offset, "CALL_FUNCTION") &&
			    blocks_at(code, offset)->argument == 3) {
				mark_exit(code, block, offset);
				break;
			}
		}
	}
}

/* Three times None before the call at `offset`? */
static bool gets_three_nones(const struct blocks_code *code, int offset)
{
	int at = blocks_previous(code, offset);

	if (blocks_is_named(code, at, "PRECALL"))
		at = blocks_previous(code, at);
	for (int n = 0; n < 3; n++) {
		if (!blocks_is_named(code, at, "LOAD_CONST") &&
		    !blocks_is_named(code, at, "LOAD_COMMON_CONSTANT"))
			return false;
		at = before(code, at);
	}
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
	setup = blocks_previous(code, start);
	if (setup >= 0)
		step_at(code, setup)->enters |= UINT64_C(1) << block;
	for (int offset = start; offset >= 0 && (size_t)offset / BLOCKS_UNIT < code->count;
	     offset = blocks_at(code, offset)->next) {
		if (step_at(code, offset)->line == with->line &&
		    is_copy(code, (size_t)offset / BLOCKS_UNIT, with->target) &&
		    blocks_is_named(code, offset, "CALL") && gets_three_nones(code, offset) &&
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
	error = blocks_find_around(code);
	if (error == 0)
		error = list_blocks(code);
	for (size_t n = 0; error == 0 && n < code->out->count; n++) {
		mark_handler(code, n);
		if (code->out->blocks[n].kind == PYTHON_BLOCK_FINALLY)
			mark_lines(code, n);
		else if (code->minor <= 10)
			mark_exits_behind(code, n);
		else
			mark_exits_by_line(code, n);
	}
	if (error == 0)
		mark_inside(code);
	return error;
}
