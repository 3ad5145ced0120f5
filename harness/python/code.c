/* SPDX-License-Identifier: MIT */
/* What a code object says of one of its instructions: names, line, opcode, exception handlers. */
#include "harness/base/alloc.h"
#include "harness/base/hash.h"
#include "harness/kernel/memory.h"
#include "harness/python/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNIT 2               /* bytes of a code unit: opcode, argument (from 3.6 on) */
#define CODE_MAX (16u << 20) /* more is no code object */
#define STAMP_BYTES 160      /* of the table of lines */

int code_instructions(const struct python *python, pid_t pid, uint64_t code, uint64_t *start,
		      uint64_t *size)
{
	const struct python_layout *at = &python->at;
	uint64_t object = code;
	int error = 0;

	if (python->version->minor < 11) {
		error = read_pointer(pid, code + at->code_bytes, &object);
		*start = object + at->bytes_data;
	} else {
		*start = code + at->code_bytes;
	}
	if (error == 0)
		error = read_pointer(pid, object + at->object_size, size);
	if (error != 0)
		return error;
	if (python->version->minor >= 11)
		*size *= UNIT;
	return *size <= CODE_MAX ? 0 : -EINVAL;
}

/*
 * The offset of the instruction to which the code unit at `offset` belongs: up to 3.12 a frame may
 * point at an inline cache entry behind it.
 */
static int instruction_start(const struct python_version *version, const unsigned char *code,
			     int offset)
{
	int start = 0;

	while (version->base != NULL && start <= offset) {
		int next = start + UNIT * (1 + version->caches[version->base[code[start]]]);

		if (next > offset)
			return start;
		start = next;
	}
	return offset;
}

/* Name of opcode `opcode`, "?" for a number that has none. */
static const char *opcode_text(const struct python_version *version, unsigned int opcode)
{
	const char *name = version->names[opcode];

	return name != NULL ? name : "?";
}

static int fill_opcode(const struct python *python, pid_t pid, uint64_t code, int offset,
		       struct python_frame *frame)
{
	const struct python_version *version = python->version;
	uint64_t size;
	unsigned char *bytes;
	int error;

	frame->offset = -1;
	frame->opcode_name = frame->base_name = "";
	if (offset < 0)
		return 0;
	/* Only what lies before it says where instructions begin. */
	error = code_read(python, pid, code, (uint64_t)offset + UNIT, &bytes, &size);
	if (error != 0)
		return error;
	if ((uint64_t)offset + UNIT > size) {
		error = -EINVAL;
	} else {
		frame->offset = instruction_start(version, bytes, offset);
		frame->opcode = bytes[frame->offset];
		frame->opcode_name = opcode_text(version, frame->opcode);
		frame->base_name =
			opcode_text(version, version->base != NULL ? version->base[frame->opcode]
								   : frame->opcode);
	}
	free(bytes);
	return error;
}

/* Copies a path or a name, shortened from the left: its end is what a person looks at. */
static void put_end(const char *text, char *out, size_t size)
{
	size_t length = strlen(text);

	if (length < size) {
		memcpy(out, text, length + 1);
		return;
	}
	memcpy(out, "...", 3);
	text += length - (size - 4);
	while (((unsigned char)*text & 0xc0) == 0x80) /* not into the middle of a character */
		text++;
	memcpy(out + 3, text, strlen(text) + 1);
}

/* Copies a str that a code object holds at `place`. */
static int put_text(const struct python *python, pid_t pid, uint64_t place, char *out, size_t size)
{
	char *text;
	uint64_t object;
	int error = read_pointer(pid, place, &object);

	if (error == 0)
		error = read_text(python, pid, object, &text);
	if (error != 0)
		return error;
	put_end(text, out, size);
	free(text);
	return 0;
}

static uint64_t name_place(const struct python *python, uint64_t code)
{
	const struct python_layout *at = &python->at;

	return code + (at->code_qualname != PYTHON_NONE ? at->code_qualname : at->code_name);
}

static int fill_names(const struct python *python, pid_t pid, uint64_t code,
		      struct python_frame *frame)
{
	const struct python_layout *at = &python->at;
	int32_t first_line;
	int error = read_int(pid, code + at->code_first_line, &first_line);

	if (error == 0)
		error = put_text(python, pid, code + at->code_file, frame->file,
				 sizeof(frame->file));
	if (error == 0)
		error = put_text(python, pid, name_place(python, code), frame->function,
				 sizeof(frame->function));
	if (error == 0)
		frame->first_line = first_line;
	return error;
}

int python_code_name(const struct python *python, pid_t pid, uint64_t code, char **name)
{
	uint64_t object;
	int error = read_pointer(pid, name_place(python, code), &object);

	*name = NULL;
	return error == 0 ? read_text(python, pid, object, name) : error;
}

int python_line(const struct python *python, pid_t pid, uint64_t code, int offset)
{
	unsigned char *table;
	uint64_t object;
	size_t size;
	int32_t first_line;
	int line;

	if (read_pointer(pid, code + python->at.code_lines, &object) != 0 ||
	    read_int(pid, code + python->at.code_first_line, &first_line) != 0 ||
	    read_bytes(python, pid, object, CODE_MAX, &table, &size) != 0)
		return 0;
	line = lines_find(python->version->minor, table, size, first_line, offset);
	free(table);
	return line;
}

/* What is executed by exec() has the same names; its lines are told apart by their table. */
static uint64_t add_lines(const struct python *python, pid_t pid, uint64_t table, uint64_t stamp)
{
	const struct python_layout *at = &python->at;
	unsigned char bytes[STAMP_BYTES];
	uint64_t size;
	ssize_t got = memory_read_some(pid, table, bytes, sizeof(bytes));

	if (got < (ssize_t)at->bytes_data)
		return stamp;
	memcpy(&size, bytes + at->object_size, sizeof(size));
	got -= at->bytes_data;
	return hash_bytes(hash_add(stamp, size), bytes + at->bytes_data,
			  size < (uint64_t)got ? size : (uint64_t)got);
}

uint64_t python_code_stamp(const struct python *python, pid_t pid, uint64_t code)
{
	const struct python_layout *at = &python->at;
	uint64_t file = 0, name = 0, lines = 0, size = 0, constants = 0;
	uint64_t stamp;
	int32_t first_line = 0;
	/* The object's size is its number of code units from 3.11 on. */
	const uint64_t bytes =
		code + (python->version->minor < 11 ? at->code_bytes : at->object_size);
	const struct memory_part parts[] = {
		{code + at->code_file, &file, sizeof(file)},
		{code + at->code_name, &name, sizeof(name)},
		{code + at->code_lines, &lines, sizeof(lines)},
		{code + at->code_constants, &constants, sizeof(constants)},
		{bytes, &size, sizeof(size)},
		{code + at->code_first_line, &first_line, sizeof(first_line)}};

	if (memory_read_parts(pid, parts, sizeof(parts) / sizeof(parts[0])) != 0)
		return 0;
	stamp = hash_add(hash_add(hash_add(HASH_START, file), name), (uint32_t)first_line);
	return add_lines(python, pid, lines, hash_add(hash_add(stamp, size), constants));
}

int python_fill_frame(const struct python *python, pid_t pid, uint64_t code, int offset,
		      struct python_frame *frame)
{
	int error = fill_names(python, pid, code, frame);

	frame->code = code;
	if (error == 0)
		error = fill_opcode(python, pid, code, offset, frame);
	if (error == 0)
		frame->line = python_line(python, pid, code, frame->offset);
	return error;
}

/* A number of the exception table: 6 bits a byte, highest first, 0x40: more follow. */
static int take_number(const unsigned char *table, size_t size, size_t *n)
{
	int value = 0;
	unsigned int byte = 0x40;

	while ((byte & 0x40) != 0 && *n < size) {
		byte = table[(*n)++];
		value = (int)((unsigned int)value << 6 | (byte & 0x3f));
	}
	return value;
}

ssize_t python_handlers(const struct python *python, pid_t pid, uint64_t code,
			struct python_handler *handlers, size_t max)
{
	unsigned char *table;
	uint64_t object;
	size_t size, count = 0;
	int error;

	if (python->at.code_exceptions == PYTHON_NONE)
		return 0;
	error = read_pointer(pid, code + python->at.code_exceptions, &object);
	if (error == 0)
		error = read_bytes(python, pid, object, CODE_MAX, &table, &size);
	if (error != 0)
		return error;
	for (size_t n = 0; n < size && count < max; count++) {
		struct python_handler *handler = &handlers[count];
		int depth;

		handler->start = UNIT * take_number(table, size, &n);
		handler->end = handler->start + UNIT * take_number(table, size, &n);
		handler->target = UNIT * take_number(table, size, &n);
		depth = take_number(table, size, &n);
		handler->depth = depth >> 1;
		handler->pushes_offset = (depth & 1) != 0;
	}
	free(table);
	return (ssize_t)count;
}
