/* SPDX-License-Identifier: MIT */
/*
 * Which lines of a file have code: of one code object, and of one with all that are defined in it
 * (functions, classes), which are among its constants.
 */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/python/private.h"

#include <errno.h>
#include <stdlib.h>

#define UNIT 2               /* bytes of a code unit: opcode, argument (from 3.6 on) */
#define CODE_MAX (16u << 20) /* more is no code object */
#define DEPTH_MAX 64         /* of functions in functions */

/* A code object's instructions and its table of lines. */
struct lined_code {
	const struct python *python;
	unsigned char *bytes;
	uint64_t size;
	unsigned char *table;
	size_t table_size;
	int32_t first_line;
};

static int read_lined(const struct python *python, pid_t pid, uint64_t code, struct lined_code *out)
{
	uint64_t object;
	int error = code_read(python, pid, code, UINT64_MAX, &out->bytes, &out->size);

	out->python = python;
	out->table = NULL;
	if (error == 0)
		error = read_pointer(pid, code + python->at.code_lines, &object);
	if (error == 0)
		error = read_int(pid, code + python->at.code_first_line, &out->first_line);
	if (error == 0)
		error = read_bytes(python, pid, object, CODE_MAX, &out->table, &out->table_size);
	return error;
}

static void free_lined(struct lined_code *code)
{
	free(code->bytes);
	free(code->table);
}

/* The instruction behind the one at `at`. */
static int next_instruction(const struct lined_code *code, int at)
{
	const struct python_version *version = code->python->version;
	int next = at + UNIT;

	if (version->base != NULL)
		next += UNIT * version->caches[version->base[code->bytes[at]]];
	return next;
}

static int line_at(const struct lined_code *code, int at)
{
	return lines_find(code->python->version->minor, code->table, code->table_size,
			  code->first_line, at);
}

ssize_t python_line_offsets(const struct python *python, pid_t pid, uint64_t code, int line,
			    int *offsets, size_t max)
{
	struct lined_code lined;
	size_t count = 0;
	int error = read_lined(python, pid, code, &lined);

	for (int at = 0; !error && (uint64_t)at < lined.size; at = next_instruction(&lined, at)) {
		if (line_at(&lined, at) != line)
			continue;
		if (count < max)
			offsets[count] = at;
		count++;
	}
	free_lined(&lined);
	return error ? error : (ssize_t)count;
}

static int look_near(const struct python *python, pid_t pid, uint64_t code,
		     struct python_near_lines *near)
{
	struct lined_code lined;
	int error = read_lined(python, pid, code, &lined);

	for (int at = 0; !error && (uint64_t)at < lined.size; at = next_instruction(&lined, at)) {
		const int line = line_at(&lined, at);

		if (line <= 0)
			continue;
		near->has_line |= line == near->line;
		if (line < near->line && line > near->before)
			near->before = line;
		if (line > near->line && (near->after == 0 || line < near->after))
			near->after = line;
	}
	free_lined(&lined);
	return error;
}

/* The code object and those among its constants. */
static int look_into(const struct python *python, pid_t pid, uint64_t code, uint64_t type,
		     unsigned int depth, struct python_near_lines *near)
{
	uint64_t constants, *items;
	ssize_t count;
	int error = look_near(python, pid, code, near);

	if (error == 0)
		error = read_pointer(pid, code + python->at.code_constants, &constants);
	if (error != 0)
		return error;
	count = python_items(python, pid, constants, NULL, 0);
	if (count <= 0)
		return (int)count;
	items = alloc_zero((size_t)count * sizeof(*items));
	count = python_items(python, pid, constants, items, (size_t)count);
	error = count < 0 ? (int)count : 0;
	for (ssize_t n = 0; error == 0 && n < count; n++) {
		uint64_t of;

		error = read_type(python, pid, items[n], &of);
		if (error == 0 && of == type)
			error = depth < DEPTH_MAX
					? look_into(python, pid, items[n], type, depth + 1, near)
					: -EINVAL;
	}
	free(items);
	return error;
}

int python_near_lines(const struct python *python, pid_t pid, uint64_t code, int line,
		      struct python_near_lines *near)
{
	uint64_t type;
	int error = read_type(python, pid, code, &type);

	*near = (struct python_near_lines){.line = line};
	return error ? error : look_into(python, pid, code, type, 0, near);
}
