/* SPDX-License-Identifier: MIT */
/*
 * Instructions as the compiler has emitted them. From 3.12 on sys.monitoring, and with it
 * sys.settrace(), puts opcodes of its own in the place of others. INSTRUMENTED_X stands for X,
 * which the tables say; what the two others stand for is kept beside the code object
 * (_Py_GetBaseCodeUnit(), Python/instrumentation.c).
 */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/python/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNIT 2 /* bytes of a code unit */

/*
 * Bytes of one entry of _PyCoLineInstrumentationData, the first of which is the opcode. Up to
 * 3.13.3 all of it is an array of entries of two bytes. Later the first byte of all says how long
 * they are, 2 to 5, depending on the number of lines (gh-127953). No code object begins with an
 * opcode of such a number.
 */
#define LINE_ENTRY 2
#define LINE_ENTRY_MAX 5

uint8_t monitoring_opcode(const struct python_version *version, const char *name)
{
	for (size_t n = 0; n < PYTHON_OPCODES; n++)
		if (version->names[n] != NULL && strcmp(version->names[n], name) == 0)
			return (uint8_t)n;
	return 0;
}

/* What is kept beside a code object, where each unit's opcode is `width` bytes from the last one's;
 * 0: nothing is. */
struct originals {
	uint64_t lines;
	size_t line_width;
	uint64_t instructions;
};

static int find_originals(const struct python *python, pid_t pid, uint64_t code,
			  struct originals *out)
{
	uint64_t monitoring;
	uint8_t first;
	int error = read_pointer(pid, code + python->at.code_monitoring, &monitoring);

	*out = (struct originals){.line_width = LINE_ENTRY};
	if (error != 0 || monitoring == 0)
		return error;
	error = read_pointer(pid, monitoring + python->at.monitoring_lines, &out->lines);
	if (error == 0)
		error = read_pointer(pid, monitoring + python->at.monitoring_instructions,
				     &out->instructions);
	if (error != 0 || out->lines == 0)
		return error;
	error = memory_read(pid, out->lines, &first, sizeof(first));
	if (error == 0 && first >= LINE_ENTRY && first <= LINE_ENTRY_MAX) {
		out->line_width = first;
		out->lines++;
	}
	return error;
}

bool monitoring_hides(const struct python *python, uint8_t opcode)
{
	return opcode != 0 &&
	       (opcode == python->instrumented_line || opcode == python->instrumented_instruction);
}

int monitoring_original(const struct python *python, pid_t pid, uint64_t code, uint64_t offset,
			uint8_t *opcode)
{
	const uint8_t hidden = *opcode;
	const bool is_line = hidden == python->instrumented_line;
	struct originals originals;
	int error = find_originals(python, pid, code, &originals);

	if (error != 0)
		return error;
	if ((is_line ? originals.lines : originals.instructions) == 0)
		return -EINVAL;
	error = memory_read(pid,
			    is_line ? originals.lines + offset / UNIT * originals.line_width
				    : originals.instructions + offset / UNIT,
			    opcode, sizeof(*opcode));
	return error == 0 && *opcode == hidden ? -EINVAL : error;
}

/* The opcodes of `count` units in new memory; NULL: there is nothing to read. */
static int read_list(pid_t pid, uint64_t address, size_t count, size_t width, unsigned char **list)
{
	int error;

	*list = NULL;
	if (address == 0 || count == 0)
		return 0;
	*list = alloc_zero(count * width);
	error = memory_read(pid, address, *list, (count - 1) * width + 1);
	if (error != 0) {
		free(*list);
		*list = NULL;
	}
	return error;
}

/* Puts back what is hidden. */
static int restore(const struct python *python, pid_t pid, uint64_t code, unsigned char *bytes,
		   uint64_t size)
{
	const struct python_version *version = python->version;
	unsigned char *lines = NULL, *instructions = NULL;
	struct originals originals;
	int error = find_originals(python, pid, code, &originals);

	if (error == 0)
		error = read_list(pid, originals.lines, size / UNIT, originals.line_width, &lines);
	if (error == 0)
		error = read_list(pid, originals.instructions, size / UNIT, 1, &instructions);
	for (uint64_t at = 0; error == 0 && at + UNIT <= size;
	     at += UNIT * (1u + version->caches[version->base[bytes[at]]])) {
		if (lines != NULL && bytes[at] == python->instrumented_line)
			bytes[at] = lines[at / UNIT * originals.line_width];
		if (instructions != NULL && bytes[at] == python->instrumented_instruction)
			bytes[at] = instructions[at / UNIT];
		if (monitoring_hides(python, bytes[at]))
			error = -EINVAL;
	}
	free(lines);
	free(instructions);
	return error;
}

int code_read(const struct python *python, pid_t pid, uint64_t code, uint64_t max,
	      unsigned char **bytes, uint64_t *size)
{
	uint64_t start;
	int error = code_instructions(python, pid, code, &start, size);

	*bytes = NULL;
	if (error != 0)
		return error;
	if (*size > max)
		*size = max;
	*bytes = alloc_zero(*size + UNIT);
	error = memory_read(pid, start, *bytes, *size);
	if (error == 0 && python->instrumented_line != 0)
		error = restore(python, pid, code, *bytes, *size);
	if (error != 0) {
		free(*bytes);
		*bytes = NULL;
	}
	return error;
}
