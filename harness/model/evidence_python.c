/* SPDX-License-Identifier: MIT */
/* See evidence_python.h. */
#include "harness/model/evidence_python.h"

#include "harness/base/alloc.h"
#include "harness/model/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES_MAX 64
#define SOURCE_MAX 200 /* bytes of a source line that are kept */

/* The text of a line of a file without the blanks before it; false where it cannot be had. */
static bool read_line(const char *path, int line, char *text, size_t size)
{
	FILE *file = line > 0 && path[0] == '/' ? fopen(path, "re") : NULL;
	char *whole = NULL;
	size_t room = 0;
	ssize_t got = -1;

	if (!file)
		return false;
	for (int n = 0; n < line; n++) {
		got = getline(&whole, &room, file);
		if (got < 0)
			break;
	}
	if (got >= 0) {
		const char *start = whole + strspn(whole, " \t");

		snprintf(text, size, "%.*s", (int)strcspn(start, "\r\n"), start);
	}
	free(whole);
	fclose(file);
	return got >= 0;
}

static json_t *text_of(const char *text)
{
	return evidence_text(text, strlen(text), strlen(text));
}

json_t *evidence_python_place(const struct python_frame *frame)
{
	json_t *object = json_object();

	json_object_set_new(object, "file", text_of(frame->file));
	json_object_set_new(object, "line", frame->line ? json_integer(frame->line) : json_null());
	json_object_set_new(object, "function", text_of(frame->function));
	json_object_set_new(object, "opcode",
			    *frame->base_name ? json_string(frame->base_name) : json_null());
	json_object_set_new(object, "offset",
			    frame->offset < 0 ? json_null() : json_integer(frame->offset));
	return object;
}

/* The same with the source line, where the file is there to be read. */
static json_t *place_with_source(const struct python_frame *frame)
{
	json_t *object = evidence_python_place(frame);
	char source[SOURCE_MAX];

	if (read_line(frame->file, frame->line, source, sizeof(source)))
		json_object_set_new(object, "source", text_of(source));
	return object;
}

void python_stack_take(struct python_stack *stack, struct interpreter *interpreter, pid_t pid,
		       const struct registers *registers)
{
	ssize_t count;

	python_stack_free(stack);
	if (!interpreter)
		return;
	stack->frames = alloc_zero(FRAMES_MAX * sizeof(*stack->frames));
	count = interpreter_frames(interpreter, pid, registers, stack->frames, FRAMES_MAX);
	if (count < 0)
		fail_clear();
	else
		stack->count = (size_t)count;
}

void python_stack_free(struct python_stack *stack)
{
	free(stack->frames);
	stack->frames = NULL;
	stack->count = 0;
}

static size_t count_runs(const struct python_stack *python)
{
	size_t runs = 0;

	for (size_t i = 0; i < python->count; i++)
		runs += python->frames[i].is_entry || i + 1 == python->count;
	return runs;
}

/* Adds `native` once for each Python frame of the next run of the loop. */
static void add_run(json_t *stack, json_t *native, const struct python_stack *python, size_t *next)
{
	bool is_last = false;

	while (!is_last && *next < python->count) {
		const struct python_frame *frame = &python->frames[(*next)++];
		json_t *row = json_copy(native);

		json_object_set_new(row, "python", place_with_source(frame));
		json_array_append_new(stack, row);
		is_last = frame->is_entry;
	}
}

json_t *evidence_mixed_stack(struct walker *walker, struct interpreter *interpreter,
			     const struct frame *frames, size_t count, bool complete,
			     const struct python_stack *python)
{
	json_t *natives = evidence_stack(walker, frames, count);
	json_t *stack = json_array();
	size_t loops = 0;
	size_t next = 0;
	size_t bare = 0;
	bool is_loop[count + 1];

	for (size_t i = 0; i < count; i++) {
		const uint64_t pc = frames[i].is_exact ? frames[i].pc : frames[i].pc - 1;

		is_loop[i] = interpreter && python->count && interpreter_is_loop(interpreter, pc);
		loops += is_loop[i];
	}
	/* One that has only just been entered, or is on its way out, has no Python frame: that is
	 * the innermost. */
	if (complete && python->count < FRAMES_MAX && loops > count_runs(python))
		bare = loops - count_runs(python);
	for (size_t i = 0; i < count; i++) {
		json_t *native = json_array_get(natives, i);

		if (!is_loop[i] || bare || next == python->count)
			json_array_append(stack, native);
		else
			add_run(stack, native, python, &next);
		bare -= is_loop[i] && bare;
	}
	json_decref(natives);
	return stack;
}

json_t *evidence_python_where(struct walker *walker, struct interpreter *interpreter)
{
	json_t *where = evidence_where(walker, walker->pc);
	const struct registers *registers;
	struct python_stack python = {0};

	if (interpreter && walker_registers(walker, &registers) == 0) {
		python_stack_take(&python, interpreter, walker->pid, registers);
		if (python.count)
			json_object_set_new(where, "python", place_with_source(&python.frames[0]));
		python_stack_free(&python);
	}
	return where;
}
