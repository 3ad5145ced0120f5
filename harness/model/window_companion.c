/* SPDX-License-Identifier: MIT */
/*
 * Windows that a script opens with the companion module (companion/sigsweep.py). Opening is
 * announced by a call of sys.audit(), which hardly any program calls otherwise: a breakpoint in its
 * C function costs nothing until then. Closing is an ordinary function, looked for by its name.
 */
#include "harness/model/window_private.h"

#include "harness/kernel/memory.h"

#include <errno.h>
#include <string.h>

#define FILE_NAME "sigsweep.py"
#define EVENT "sigsweep.window"
#define NAME_MAX_SIZE 256
#define OPEN_MAX 64
#define FRAMES 3 /* of the announcement, of __enter__, of who called that */

int window_companion_find(const struct window *window, pid_t pid, uint64_t *function)
{
	const struct python *python = interpreter_python(window->interpreter);
	uint64_t object;
	int error = python_module_attribute(python, pid, "sys", "audit", &object);

	if (!error)
		error = python_builtin_function(python, pid, object, function);
	if (error || !*function)
		return fail(-ENOTSUP,
			    "the window cannot begin at `%s`: this CPython has no "
			    "function behind sys.audit()",
			    window->from->text);
	return 0;
}

/* The names of the windows that are open: their number, and the innermost one's. */
static int read_open(const struct python *python, pid_t pid, size_t *count, char *name)
{
	uint64_t items[OPEN_MAX];
	uint64_t list;
	ssize_t found;
	int error = python_module_attribute(python, pid, "sigsweep", "__sigsweep_open__", &list);

	if (error)
		return error;
	found = python_items(python, pid, list, items, OPEN_MAX);
	if (found <= 0 || found > OPEN_MAX)
		return found < 0 ? (int)found : -ERANGE;
	*count = (size_t)found;
	found = python_unicode(python, pid, items[found - 1], name, NAME_MAX_SIZE);
	return found < 0 ? (int)found : 0;
}

/* sys.audit(event, ...) as METH_FASTCALL: (module, arguments, their number). */
static bool is_announcement(const struct python *python, pid_t pid,
			    const struct registers *registers)
{
	char text[sizeof(EVENT) + 1];
	uint64_t event;

	return registers_argument(registers, 2) == 2 &&
	       memory_read(pid, registers_argument(registers, 1), &event, sizeof(event)) == 0 &&
	       python_unicode(python, pid, event, text, sizeof(text)) > 0 &&
	       strcmp(text, EVENT) == 0;
}

int window_companion_open(struct window *window, struct walker *walker, uint64_t *frame)
{
	const struct python *python = interpreter_python(window->interpreter);
	struct python_place places[FRAMES];
	const struct registers *registers;
	char name[NAME_MAX_SIZE];
	uint64_t thread;
	size_t count;
	int error = walker_registers(walker, &registers);

	*frame = 0;
	if (error || !is_announcement(python, walker->pid, registers))
		return error;
	window->was_announced = true;
	if (read_open(python, walker->pid, &count, name))
		return fail(-ENOTSUP, "a window is opened, but by no module that is imported as "
				      "`sigsweep`, so that nothing can be read of it");
	if (window->from->name && strcmp(window->from->name, name) != 0)
		return 0;
	error = interpreter_thread(window->interpreter, walker->pid, registers, &thread);
	if (!error && python_places(python, walker->pid, thread, places, FRAMES) != FRAMES)
		error = -ENODATA;
	if (error)
		return fail(error, "a window is opened, but who opens it cannot be read");
	window->open_windows = count;
	*frame = places[FRAMES - 1].frame;
	return 0;
}

static bool is_closing(const struct interpreter_code *code)
{
	static const char method[] = "__exit__";
	static const char file[] = "/" FILE_NAME;
	const size_t length = strlen(code->function);
	const size_t size = strlen(code->file);

	return length >= sizeof(method) - 1 &&
	       strcmp(code->function + length - (sizeof(method) - 1), method) == 0 &&
	       (strcmp(code->file, FILE_NAME) == 0 ||
		(size >= sizeof(file) - 1 &&
		 strcmp(code->file + size - (sizeof(file) - 1), file) == 0));
}

bool window_companion_is_end(const struct window *window, const struct interpreter_code *code)
{
	const char *from = window->from->kind == LOCATION_WINDOW ? window->from->name : NULL;
	const char *to = window->to->name;
	char name[NAME_MAX_SIZE];
	size_t count;

	if (!is_closing(code) ||
	    read_open(interpreter_python(window->interpreter), window->walker->pid, &count, name))
		return false;
	/* Windows in a window end first. */
	if (window->open_windows && (!to || (from && strcmp(from, to) == 0)))
		return count == window->open_windows;
	return !to || strcmp(to, name) == 0;
}
