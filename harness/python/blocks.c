/* SPDX-License-Identifier: MIT */
/* See blocks.h: the instructions of a code object, which follows which, and what each does. */
#include "harness/python/blocks_private.h"

#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CODE_MAX (1u << 20) /* bytes: more is not looked at */

static bool is_one_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(name, *list) == 0)
			return true;
	return false;
}

static bool starts_with(const char *name, const char *start)
{
	return strncmp(name, start, strlen(start)) == 0;
}

/* What others than the frame itself can see. CALL_INTRINSIC only sounds like a call. */
static bool has_effect(const char *name)
{
	static const char *const calls[] = {"CALL",        "PRECALL",           "CALL_FUNCTION",
					    "CALL_METHOD", "CALL_FUNCTION_KW",  "CALL_FUNCTION_EX",
					    "CALL_KW",     "WITH_EXCEPT_START", NULL};
	static const char *const stores[] = {"STORE_ATTR",
					     "STORE_SUBSCR",
					     "STORE_SLICE",
					     "STORE_GLOBAL",
					     "STORE_NAME",
					     "STORE_DEREF",
					     "DELETE_ATTR",
					     "DELETE_SUBSCR",
					     "DELETE_GLOBAL",
					     "DELETE_NAME",
					     "DELETE_DEREF",
					     "IMPORT_NAME",
					     NULL};

	return is_one_of(name, calls) || is_one_of(name, stores);
}

/* Up to 3.10 YIELD_FROM does not: it first calls what it awaits. */
static bool ends_frame(const char *name)
{
	static const char *const ends[] = {"RETURN_VALUE", "RETURN_CONST", "RETURN_GENERATOR",
					   "YIELD_VALUE", NULL};

	return is_one_of(name, ends);
}

static bool falls_through(const char *name)
{
	static const char *const stops[] = {"RETURN_VALUE",
					    "RETURN_CONST",
					    "RAISE_VARARGS",
					    "RERAISE",
					    "INTERPRETER_EXIT",
					    "JUMP_FORWARD",
					    "JUMP_BACKWARD",
					    "JUMP_ABSOLUTE",
					    "JUMP_BACKWARD_NO_INTERRUPT",
					    NULL};

	return !is_one_of(name, stops);
}

/* Up to 3.10 all of these but two kinds count from the start of the code. */
static bool is_relative(const char *name, unsigned int minor)
{
	return minor >= 11 || strcmp(name, "JUMP_FORWARD") == 0 || strcmp(name, "FOR_ITER") == 0 ||
	       starts_with(name, "SETUP_");
}

static bool is_jump(const char *name)
{
	return strstr(name, "JUMP") || strcmp(name, "FOR_ITER") == 0 || strcmp(name, "SEND") == 0 ||
	       starts_with(name, "SETUP_");
}

static int target_of(const struct blocks_instruction *instruction, unsigned int minor)
{
	const int scale = minor == 9 ? 1 : BLOCKS_UNIT;
	const int distance = scale * instruction->argument;

	if (!is_jump(instruction->name) || strcmp(instruction->name, "SETUP_ANNOTATIONS") == 0)
		return -1;
	if (!is_relative(instruction->name, minor))
		return distance;
	return strstr(instruction->name, "BACKWARD") ? instruction->next - distance
						     : instruction->next + distance;
}

static void decode_one(const struct python_version *version, const unsigned char *bytes, size_t at,
		       int *extended, struct blocks_code *code)
{
	const unsigned char opcode =
		version->base ? version->base[bytes[at * BLOCKS_UNIT]] : bytes[at * BLOCKS_UNIT];
	struct blocks_instruction *instruction = &code->list[at];
	const int caches = version->caches ? version->caches[opcode] : 0;

	instruction->name = version->names[opcode] ? version->names[opcode] : "?";
	if (starts_with(instruction->name, "INSTRUMENTED_"))
		instruction->name += strlen("INSTRUMENTED_");
	instruction->argument = *extended << 8 | bytes[at * BLOCKS_UNIT + 1];
	*extended = strcmp(instruction->name, "EXTENDED_ARG") == 0 ? instruction->argument : 0;
	instruction->next = (int)(at + 1 + (size_t)caches) * BLOCKS_UNIT;
	instruction->falls = falls_through(instruction->name);
	instruction->target = target_of(instruction, version->minor);
	if (instruction->target < 0 || (size_t)instruction->target / BLOCKS_UNIT >= code->count)
		instruction->target = -1;
}

static void fill_step(struct python_step *step, const struct blocks_instruction *instruction)
{
	step->is_instruction = true;
	step->has_effect = has_effect(instruction->name);
	step->is_half = strcmp(instruction->name, "PRECALL") == 0;
	step->ends = ends_frame(instruction->name);
}

static int read_lines(const struct python *python, pid_t pid, uint64_t code,
		      struct blocks_code *reading)
{
	unsigned char *table;
	int32_t first_line;
	uint64_t object;
	size_t size;
	int error = read_pointer(pid, code + python->at.code_lines, &object);

	if (error == 0)
		error = read_int(pid, code + python->at.code_first_line, &first_line);
	if (error == 0)
		error = read_bytes(python, pid, object, CODE_MAX, &table, &size);
	if (error != 0)
		return error;
	for (size_t n = 0; n < reading->count; n++)
		reading->out->steps[n].line = lines_find(python->version->minor, table, size,
							 first_line, (int)n * BLOCKS_UNIT);
	free(table);
	return 0;
}

int blocks_decode(const struct python *python, pid_t pid, uint64_t code,
		  struct blocks_code *reading)
{
	const struct python_version *version = python->version;
	unsigned char *bytes;
	uint64_t size;
	int extended = 0;
	int error = code_read(python, pid, code, CODE_MAX + 1, &bytes, &size);

	if (error != 0)
		return error;
	if (size > CODE_MAX) {
		free(bytes);
		return -E2BIG;
	}
	reading->minor = version->minor;
	reading->count = size / BLOCKS_UNIT;
	reading->list = alloc_zero((reading->count + 1) * sizeof(*reading->list));
	reading->out->step_count = reading->count;
	reading->out->steps = alloc_zero((reading->count + 1) * sizeof(*reading->out->steps));
	for (size_t n = 0; n < reading->count; n = (size_t)reading->list[n].next / BLOCKS_UNIT) {
		decode_one(version, bytes, n, &extended, reading);
		fill_step(&reading->out->steps[n], &reading->list[n]);
		if (strcmp(reading->list[n].name, "RETURN_GENERATOR") == 0)
			reading->out->steps[reading->list[n].next / BLOCKS_UNIT].begins = true;
	}
	reading->out->steps[0].begins = true;
	free(bytes);
	return read_lines(python, pid, code, reading);
}

static ssize_t read_rows(const struct python *python, pid_t pid, uint64_t code,
			 struct blocks_code *reading)
{
	const size_t max = sizeof(reading->rows) / sizeof(*reading->rows);
	const ssize_t count = python_handlers(python, pid, code, reading->rows, max);

	reading->row_count = count > 0 ? (size_t)count : 0;
	return count == (ssize_t)max ? -E2BIG : count < 0 ? count : 0;
}

int python_blocks_read(const struct python *python, pid_t pid, uint64_t code,
		       struct python_blocks *blocks)
{
	struct blocks_code *reading = alloc_zero(sizeof(*reading));
	int error;

	memset(blocks, 0, sizeof(*blocks));
	reading->out = blocks;
	error = blocks_decode(python, pid, code, reading);
	if (error == 0)
		error = (int)read_rows(python, pid, code, reading);
	if (error == 0)
		error = blocks_find(reading);
	free(reading->around);
	free(reading->list);
	free(reading);
	if (error != 0)
		python_blocks_free(blocks);
	return error;
}

void python_blocks_free(struct python_blocks *blocks)
{
	free(blocks->steps);
	memset(blocks, 0, sizeof(*blocks));
}

const struct python_step *python_blocks_step(const struct python_blocks *blocks, int offset)
{
	const size_t n = offset < 0 ? blocks->step_count : (size_t)offset / BLOCKS_UNIT;

	return n < blocks->step_count && blocks->steps[n].is_instruction ? &blocks->steps[n] : NULL;
}
