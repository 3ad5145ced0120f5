/* SPDX-License-Identifier: MIT */
/*
 * Opens an interpreter: takes the layout of its version, corrects it by what the interpreter says
 * of itself (_Py_DebugOffsets), and proves it on the chain runtime, interpreter, thread.
 */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/python/private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* pycore_debug_offsets.h: char cookie[8], uint64_t version, uint64_t free_threaded, offsets. */
static const char debug_cookie[8] = {'x', 'd', 'e', 'b', 'u', 'g', 'p', 'y'};
#define DEBUG_OFFSETS_MAX 4096
#define SANE_OFFSET (1u << 30)

struct debug_head {
	char cookie[8];
	uint64_t version;
	uint64_t free_threaded;
};

/* Puts the value that the interpreter's own table has for each field over the layout's. */
static void correct_layout(struct python_layout *at, const struct python_layout *where,
			   const unsigned char *table, size_t size)
{
	uint32_t *value = (uint32_t *)at;
	const uint32_t *offset = (const uint32_t *)where;

	for (size_t n = 0; n < sizeof(*at) / sizeof(*value); n++) {
		uint64_t own;

		if (offset[n] == PYTHON_NONE || offset[n] + sizeof(own) > size)
			continue;
		memcpy(&own, table + offset[n], sizeof(own));
		if (own < SANE_OFFSET)
			value[n] = (uint32_t)own;
	}
}

static int read_debug_offsets(struct python *python, pid_t pid)
{
	unsigned char table[DEBUG_OFFSETS_MAX];
	struct debug_head head;
	ssize_t got = memory_read_some(pid, python->image.runtime, table, sizeof(table));

	if (got < (ssize_t)sizeof(head))
		return fail(-EFAULT, "%s: its _PyRuntime cannot be read", python->image.path);
	memcpy(&head, table, sizeof(head));
	/* The static initialiser fills it: without it this is no such build. */
	if (memcmp(head.cookie, debug_cookie, sizeof(debug_cookie)) != 0)
		return fail(-ENOTSUP, "CPython %s without _Py_DebugOffsets: native frames only",
			    python->text);
	if (head.free_threaded != 0)
		return fail(-ENOTSUP, "a free-threaded CPython %s: native frames only",
			    python->text);
	correct_layout(&python->at, python->version->debug_offsets, table, (size_t)got);
	return 0;
}

/* Before 3.13 the size of _PyRuntime is what tells a build with other structs than ours. */
static int check_runtime_size(const struct python *python)
{
	uint64_t size = python->image.runtime_size;

	if (size == 0 || size == python->at.runtime_size)
		return 0;
	/* 3.11 and 3.12 keep static strings at its end, whose number may change with a micro
	 * version; a size that is far off is another layout. */
	if (python->version->minor >= 11 && size > python->at.runtime_size / 2 &&
	    size < python->at.runtime_size * 2)
		return 0;
	return fail(-ENOTSUP,
		    "CPython %s whose _PyRuntime has %llu bytes instead of %u: native frames only",
		    python->text, (unsigned long long)size, python->at.runtime_size);
}

/* The main interpreter, proved by its first thread's pointer back to it. */
static int find_interpreter(struct python *python, pid_t pid)
{
	const struct python_layout *at = &python->at;
	uint64_t thread, back;

	if (read_pointer(pid, python->image.runtime + at->runtime_interpreters_main,
			 &python->interpreter) != 0 ||
	    python->interpreter == 0)
		return fail(-EAGAIN, "CPython is not initialised yet");
	if (read_pointer(pid, python->interpreter + at->interpreter_threads, &thread) != 0 ||
	    thread == 0)
		return fail(-EAGAIN, "CPython has no thread yet, or no more");
	if (read_pointer(pid, thread + at->thread_interpreter, &back) != 0 ||
	    back != python->interpreter)
		return fail(-ENOTSUP,
			    "CPython %s with another layout than its headers: native frames only",
			    python->text);
	return 0;
}

static int choose_version(struct python *python)
{
	unsigned int major = python->image.version >> 24;
	unsigned int minor = python->image.version >> 16 & 0xff;
	unsigned int micro = python->image.version >> 8 & 0xff;
	const char *debug = python->image.is_debug ? " pydebug" : "";

	if (micro != 0)
		snprintf(python->text, sizeof(python->text), "%u.%u.%u%s", major, minor, micro,
			 debug);
	else
		snprintf(python->text, sizeof(python->text), "%u.%u%s", major, minor, debug);
	python->version = major == 3 ? layout_find(minor) : NULL;
	if (python->version == NULL)
		return fail(-ENOTSUP, "unknown CPython version %s: native frames only",
			    python->text);
	python->at = python->version->layout[python->image.is_debug ? 1 : 0];
	python->instrumented_line = monitoring_opcode(python->version, "INSTRUMENTED_LINE");
	python->instrumented_instruction =
		monitoring_opcode(python->version, "INSTRUMENTED_INSTRUCTION");
	return 0;
}

int python_open(const struct python_image *image, pid_t pid, struct python **out)
{
	struct python *python = alloc_zero(sizeof(*python));
	int error;

	*out = NULL;
	python->image = *image;
	python->image.path = alloc_text(image->path);
	error = choose_version(python);
	if (error == 0)
		error = python->version->debug_offsets != NULL ? read_debug_offsets(python, pid)
							       : check_runtime_size(python);
	if (error == 0)
		error = find_interpreter(python, pid);
	if (error != 0) {
		python_free(python);
		return error;
	}
	if (python->at.runtime_signals != PYTHON_NONE)
		python->handlers = image->runtime + python->at.runtime_signals;
	else
		python->handlers = handlers_find(python, pid);
	*out = python;
	return 0;
}

unsigned int python_minor(const struct python *python)
{
	return python->version->minor;
}

void python_free(struct python *python)
{
	if (python == NULL)
		return;
	free((char *)python->image.path);
	free(python);
}

const char *python_version_text(const struct python *python)
{
	return python->text;
}

const struct python_image *python_image(const struct python *python)
{
	return &python->image;
}
