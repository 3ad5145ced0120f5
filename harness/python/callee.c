/* SPDX-License-Identifier: MIT */
/* What the call of an object executes. Layouts: Include/cpython/funcobject.h and classobject.h,
 * Modules/_functoolsmodule.c. */
#include "harness/kernel/memory.h"
#include "harness/python/private.h"

#include <string.h>

#define FUNCTION_WORDS 12
#define WRAPPED_MAX 8
#define CLASSES_MAX 32

static bool is_one_of(const char *type, const char *const *names, size_t count)
{
	for (size_t n = 0; n < count; n++)
		if (strcmp(type, names[n]) == 0)
			return true;
	return false;
}

/* Types of what calls C code; others of theirs have names of their own. */
static bool is_of_c(const char *type)
{
	static const char *const names[] = {
		"builtin_function_or_method", "builtin_method",    "method-wrapper",
		"wrapper_descriptor",         "method_descriptor", "classmethod_descriptor",
		"cython_function_or_method"};

	return is_one_of(type, names, sizeof(names) / sizeof(*names));
}

/* Types whose first member is the object that they call. */
static bool wraps(const char *type)
{
	static const char *const names[] = {"method", "partial", "staticmethod"};

	return is_one_of(type, names, sizeof(names) / sizeof(*names));
}

/* A function has its code in its first members, wherever (PyFunctionObject); 0: not found. */
static uint64_t find_code(const struct python *python, pid_t pid, uint64_t function)
{
	uint64_t words[FUNCTION_WORDS];

	if (memory_read(pid, function, words, sizeof(words)))
		return 0;
	for (size_t n = 0; n < FUNCTION_WORDS; n++) {
		char type[8];

		if (words[n] && python_type_name(python, pid, words[n], type, sizeof(type)) == 0 &&
		    strcmp(type, "code") == 0)
			return words[n];
	}
	return 0;
}

/* The __call__ that the objects of a type have from Python code; 0: none. */
static uint64_t find_call(const struct python *python, pid_t pid, uint64_t type)
{
	uint64_t classes[CLASSES_MAX];
	uint64_t order;
	uint64_t dict;
	uint64_t value;
	ssize_t count;

	if (read_pointer(pid, type + python->at.type_mro, &order))
		return 0;
	count = python_items(python, pid, order, classes, CLASSES_MAX);
	for (ssize_t n = 0; n < count && n < CLASSES_MAX; n++)
		if (read_pointer(pid, classes[n] + python->at.type_dict, &dict) == 0 && dict &&
		    python_dict_find(python, pid, dict, "__call__", &value) == 0)
			return value;
	return 0;
}

/* What an object hands its call on to; 0: nothing, and *callee is what it executes. */
static uint64_t step(const struct python *python, pid_t pid, uint64_t object,
		     struct python_callee *callee)
{
	uint64_t inner = 0;
	uint64_t type;
	char name[32];

	if (read_type(python, pid, object, &type) ||
	    read_type_name(python, pid, type, name, sizeof(name)))
		return 0;
	if (is_of_c(name)) {
		if (python_builtin_function(python, pid, object, &callee->at))
			callee->at = 0;
	} else if (strcmp(name, "function") == 0) {
		callee->at = find_code(python, pid, object);
		if (callee->at)
			callee->kind = PYTHON_CALLS_CODE;
	} else if (python_is_derived(python, pid, type, "type")) {
		callee->kind = PYTHON_CALLS_CLASS;
	} else if (!wraps(name)) {
		inner = find_call(python, pid, type);
	} else if (read_pointer(pid, object + python->at.object_type + sizeof(inner), &inner)) {
		inner = 0;
	}
	return inner;
}

struct python_callee python_callee(const struct python *python, pid_t pid, uint64_t object)
{
	struct python_callee callee = {.kind = PYTHON_CALLS_C};

	for (int n = 0; object && n < WRAPPED_MAX; n++)
		object = step(python, pid, object, &callee);
	fail_clear();
	return callee;
}
