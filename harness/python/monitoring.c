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

static int read_opcode_of_line(const struct python *python, pid_t pid, uint64_t monitoring,
			       uint64_t unit, uint8_t *opcode)
{
	uint64_t lines;
	uint8_t first;
	int error = read_pointer(pid, monitoring + python->at.monitoring_lines, &lines);

	if (error == 0)
		error = memory_read(pid, lines, &first, sizeof(first));
	if (error != 0)
		return error;
	return first >= LINE_ENTRY && first <= LINE_ENTRY_MAX
		       ? memory_read(pid, lines + 1 + unit * first, opcode, sizeof(*opcode))
		       : memory_read(pid, lines + unit * LINE_ENTRY, opcode, sizeof(*opcode));
}

/* What the opcode of the `unit`-th code unit stands for, one step further. */
static int read_original(const struct python *python, pid_t pid, uint64_t monitoring, uint64_t unit,
			 uint8_t *opcode)
{
	uint64_t list;
	int error;

	if (*opcode == python->instrumented_line)
		return read_opcode_of_line(python, pid, monitoring, unit, opcode);
	error = read_pointer(pid, monitoring + python->at.monitoring_instructions, &list);
	return error == 0 ? memory_read(pid, list + unit, opcode, sizeof(*opcode)) : error;
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
	uint64_t monitoring;
	int error = read_pointer(pid, code + python->at.code_monitoring, &monitoring);

	if (error == 0 && monitoring == 0)
		error = -EINVAL;
	if (error == 0)
		error = read_original(python, pid, monitoring, offset / UNIT, opcode);
	return error == 0 && *opcode == hidden ? -EINVAL : error;
}

/* Puts back what is hidden. */
static int restore(const struct python *python, pid_t pid, uint64_t code, unsigned char *bytes,
		   uint64_t size)
{
	const struct python_version *version = python->version;

	for (uint64_t at = 0; at + UNIT <= size;
	     at += UNIT * (1u + version->caches[version->base[bytes[at]]])) {
		while (monitoring_hides(python, bytes[at])) {
			int error = monitoring_original(python, pid, code, at, &bytes[at]);

			if (error != 0)
				return error;
		}
	}
	return 0;
}

/* Has the code object ever been monitored? */
static bool is_monitored(const struct python *python, pid_t pid, uint64_t code)
{
	uint64_t monitoring = 0;

	return python->at.code_monitoring != PYTHON_NONE && python->version->base != NULL &&
	       (read_pointer(pid, code + python->at.code_monitoring, &monitoring) != 0 ||
		monitoring != 0);
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
	if (error == 0 && is_monitored(python, pid, code))
		error = restore(python, pid, code, *bytes, *size);
	if (error != 0) {
		free(*bytes);
		*bytes = NULL;
	}
	return error;
}
