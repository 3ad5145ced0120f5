/* SPDX-License-Identifier: MIT */
/*
 * Windows that a script opens with the companion module (companion/sigsweep.py). Opening is
 * announced by a call of sys.audit(), which hardly any program calls otherwise: a breakpoint in its
 * C function costs nothing until then. Closing is an ordinary function, looked for by its name;
 * which window it closes is told by the object that it is called with.
 */
#include "harness/model/window_private.h"

#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "sigsweep.py"
#define EVENT "sigsweep.window"
#define NAME_MAX_SIZE 256
#define OPEN_MAX 1000000 /* more is no list of windows */
#define FRAMES 3         /* of the announcement, of __enter__, of who called that */

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

/* A window that the module opened and has not closed. */
struct entry {
	uint64_t object;
	char name[NAME_MAX_SIZE];
};

static int read_entry(const struct python *python, pid_t pid, uint64_t tuple, struct entry *entry)
{
	uint64_t items[2];
	ssize_t found = python_items(python, pid, tuple, items, 2);

	if (found != 2)
		return found < 0 ? (int)found : -EINVAL;
	entry->object = items[1];
	found = python_unicode(python, pid, items[0], entry->name, sizeof(entry->name));
	return found < 0 ? (int)found : 0;
}

/* The tuples of all of them, the one opened last at the end; NULL: there are none, or they cannot
 * be read. The caller frees. */
static uint64_t *read_open(const struct python *python, pid_t pid, size_t *count)
{
	uint64_t *tuples;
	uint64_t list;
	ssize_t found;

	if (python_module_attribute(python, pid, "sigsweep", "__sigsweep_open__", &list))
		return NULL;
	found = python_items(python, pid, list, NULL, 0);
	if (found <= 0 || found > OPEN_MAX)
		return NULL;
	*count = (size_t)found;
	tuples = alloc_zero(*count * sizeof(*tuples));
	if (python_items(python, pid, list, tuples, *count) == found)
		return tuples;
	free(tuples);
	return NULL;
}

static int read_last(const struct python *python, pid_t pid, struct entry *entry)
{
	size_t count;
	uint64_t *tuples = read_open(python, pid, &count);
	int error = tuples ? read_entry(python, pid, tuples[count - 1], entry) : -ENOENT;

	free(tuples);
	return error;
}

/* How often an object is open, and its name. */
static size_t count_open(const struct python *python, pid_t pid, uint64_t object,
			 struct entry *found)
{
	size_t count;
	uint64_t *tuples = read_open(python, pid, &count);
	struct entry entry;
	size_t times = 0;

	for (size_t i = 0; tuples && i < count; i++) {
		if (read_entry(python, pid, tuples[i], &entry) || entry.object != object)
			continue;
		*found = entry;
		times++;
	}
	free(tuples);
	return times;
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
	struct entry entry;
	uint64_t thread;
	int error = walker_registers(walker, &registers);

	*frame = 0;
	if (error || !is_announcement(python, walker->pid, registers))
		return error;
	window->was_announced = true;
	if (read_last(python, walker->pid, &entry))
		return fail(-ENOTSUP, "a window is opened, but by no module that is imported as "
				      "`sigsweep`, or by one of another version than the harness, "
				      "so that nothing can be read of it");
	if (window->from->name && strcmp(window->from->name, entry.name) != 0)
		return 0;
	error = interpreter_thread(window->interpreter, walker->pid, registers, &thread);
	if (!error && python_places(python, walker->pid, thread, places, FRAMES) != FRAMES)
		error = -ENODATA;
	if (error)
		return fail(error, "a window is opened, but who opens it cannot be read");
	window->companion = entry.object;
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

/*
 * Which window is closed is told by the object whose __exit__ begins. Their number does not tell
 * it: windows of coroutines and generators end in any order.
 */
bool window_companion_is_end(const struct window *window, const struct interpreter_code *code,
			     uint64_t frame)
{
	const struct python *python = interpreter_python(window->interpreter);
	const char *from = window->from->kind == LOCATION_WINDOW ? window->from->name : NULL;
	const char *to = window->to->name;
	const bool is_same = window->companion && (!to || (from && strcmp(from, to) == 0));
	const pid_t pid = window->walker->pid;
	struct entry entry;
	uint64_t object;
	size_t times;

	if (!is_closing(code) || python_first_argument(python, pid, frame, &object) ||
	    (is_same && object != window->companion))
		return false;
	times = count_open(python, pid, object, &entry);
	/* One that was entered again within itself is left as often. */
	if (is_same)
		return times == 1;
	return times && (!to || strcmp(to, entry.name) == 0);
}
