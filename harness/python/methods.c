/* SPDX-License-Identifier: MIT */
/* The functions behind methods and built-in functions. Layouts: Include/methodobject.h, struct
 * PyMethodDef {name, function, flags, text}; PyCFunctionObject has a pointer to one first. */
#include "harness/kernel/memory.h"
#include "harness/python/private.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define METHODS_MAX 200
#define NAME_MAX_LENGTH 64

struct method {
	uint64_t name;
	uint64_t function;
	uint64_t flags; /* an int */
	uint64_t text;
};

int python_type_function(const struct python *python, pid_t pid, uint64_t type, const char *name,
			 uint64_t *pointer)
{
	uint64_t table;
	int error = read_pointer(pid, type + python->at.type_methods, &table);

	for (size_t n = 0; !error && table && n < METHODS_MAX; n++) {
		struct method method;
		char text[NAME_MAX_LENGTH];

		error = memory_read(pid, table + n * sizeof(method), &method, sizeof(method));
		if (error || !method.name)
			break;
		if (memory_read_text(pid, method.name, text, sizeof(text)) < 0 ||
		    strcmp(text, name) != 0)
			continue;
		*pointer = table + n * sizeof(method) + offsetof(struct method, function);
		return 0;
	}
	return error ? error : -ENOENT;
}

int python_type_dealloc(const struct python *python, pid_t pid, uint64_t type, uint64_t *function)
{
	return read_pointer(pid, type + python->at.type_dealloc, function);
}

int python_builtin_function(const struct python *python, pid_t pid, uint64_t object,
			    uint64_t *function)
{
	struct method method;
	uint64_t address;
	char type[32];
	int error = python_type_name(python, pid, object, type, sizeof(type));

	if (!error && strcmp(type, "builtin_function_or_method") != 0)
		return -EINVAL;
	if (!error)
		error = read_pointer(pid, object + python->at.object_type + sizeof(uint64_t),
				     &address);
	if (!error)
		error = memory_read(pid, address, &method, sizeof(method));
	*function = error ? 0 : method.function;
	return error;
}

uint64_t python_import_lock(const struct python *python)
{
	const struct python_layout *own = &python->version->layout[python->image.is_debug ? 1 : 0];

	if (own->interpreter_import_lock == PYTHON_NONE)
		return 0;
	/* Both are members of `imports`, whose place _Py_DebugOffsets tells. */
	return python->interpreter + python->at.interpreter_modules +
	       (own->interpreter_import_lock - own->interpreter_modules);
}
