/* SPDX-License-Identifier: MIT */
/*
 * A line of a Python file at which a window is to begin or end, and which has no code: a blank one,
 * a comment, the middle of a statement. Told as soon as the code of the file's module is seen, in
 * which all of the file's code is. Several files may end in the name that was given.
 */
#include "harness/model/window_private.h"

#include "harness/base/alloc.h"
#include "harness/model/interpreter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES_MAX 256

struct window_line {
	const struct location *location;
	bool exists; /* a file was seen that has it */
	char *why;   /* NULL, or a sentence on a file that has it not */
};

void window_line_begin(struct window *window, const struct location *location)
{
	window_line_free(window);
	window->line = alloc_zero(sizeof(*window->line));
	window->line->location = location;
}

void window_line_free(struct window *window)
{
	if (window->line)
		free(window->line->why);
	free(window->line);
	window->line = NULL;
}

static char *tell(const char *file, const struct python_near_lines *near)
{
	char *lines;
	char *text;

	if (near->before && near->after)
		lines = alloc_format("the nearest lines that have are %d and %d", near->before,
				     near->after);
	else if (near->before || near->after)
		lines = alloc_format("the nearest line that has is %d",
				     near->before ? near->before : near->after);
	else
		lines = alloc_text("no line of it has");
	text = alloc_format("%s has no code at line %d, so that no window begins or ends there: %s",
			    file, near->line, lines);
	free(lines);
	return text;
}

void window_line_meet(const struct window *window, const struct interpreter_code *code)
{
	struct window_line *line = window->line;
	struct python_near_lines near;

	if (!line || line->exists || strcmp(code->function, "<module>") != 0)
		return;
	if (python_near_lines(interpreter_python(window->interpreter), window->walker->pid,
			      code->address, (int)line->location->number, &near)) {
		fail_clear();
		return;
	}
	line->exists = near.has_line;
	if (!line->exists && !line->why)
		line->why = tell(code->file, &near);
}

int window_line_look(const struct window *window)
{
	struct walker *walker = window->walker;
	struct interpreter *interpreter = window->interpreter;
	struct python_place places[FRAMES_MAX];
	const struct registers *registers;
	uint64_t thread;
	ssize_t count = 0;
	int error = walker_registers(walker, &registers);

	if (error)
		return error;
	if (interpreter_thread(interpreter, walker->pid, registers, &thread) == 0)
		count = python_places(interpreter_python(interpreter), walker->pid, thread, places,
				      FRAMES_MAX);
	for (ssize_t i = 0; i < count; i++) {
		const struct interpreter_code *code =
			interpreter_code(interpreter, walker->pid, places[i].code);

		if (code && window_is_path_end(code->file, window->line->location->name))
			window_line_meet(window, code);
	}
	fail_clear();
	return window_line_refuse(window);
}

int window_line_refuse(const struct window *window)
{
	const struct window_line *line = window->line;

	if (!line || line->exists || !line->why)
		return 0;
	return fail(-EINVAL, "%s", line->why);
}
