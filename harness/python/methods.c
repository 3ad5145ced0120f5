/* SPDX-License-Identifier: MIT */
/* The functions behind methods, built-in functions and what else can be called. Layouts:
 * Include/methodobject.h, struct PyMethodDef {name, function, flags, text}; PyCFunctionObject has a
 * pointer to one first. */
#include "harness/kernel/memory.h"
#include "harness/python/private.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define METHODS_MAX 200
#define NAME_MAX_LENGTH 64
#define FUNCTION_WORDS 12
#define WRAPPED_MAX 8

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

/* A function has its code in its first members, wherever (PyFunctionObject); code that is not in
 * them is not its own. */
static enum python_calls function_calls(pid_t pid, uint64_t function, uint64_t code)
{
	uint64_t words[FUNCTION_WORDS];

	if (memory_read(pid, function, words, sizeof(words)))
		return PYTHON_CALLS_C;
	for (size_t n = 0; code && n < FUNCTION_WORDS; n++)
		if (words[n] == code)
			return PYTHON_CALLS_IT;
	return PYTHON_CALLS_OTHER;
}

/* Types of what calls C code; others of theirs have names of their own. */
static bool is_of_c(const char *type)
{
	static const char *const names[] = {
		"builtin_function_or_method", "builtin_method",    "method-wrapper",
		"wrapper_descriptor",         "method_descriptor", "classmethod_descriptor",
		"cython_function_or_method"};

	for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++)
		if (strcmp(type, names[n]) == 0)
			return true;
	return false;
}

enum python_calls python_calls(const struct python *python, pid_t pid, uint64_t object,
			       uint64_t code)
{
	for (int n = 0; object && n < WRAPPED_MAX; n++) {
		char type[32];

		if (python_type_name(python, pid, object, type, sizeof(type)) || is_of_c(type))
			break;
		if (strcmp(type, "function") == 0)
			return function_calls(pid, object, code);
		if (strcmp(type, "method") != 0 && strcmp(type, "partial") != 0)
			return PYTHON_CALLS_METHOD;
		/* Both have what they call first (PyMethodObject, partialobject). */
		if (read_pointer(pid, object + python->at.object_type + sizeof(uint64_t), &object))
			break;
	}
	fail_clear();
	return PYTHON_CALLS_C;
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
