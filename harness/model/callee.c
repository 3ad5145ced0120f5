/* SPDX-License-Identifier: MIT */
/* See callee.h. */
#include "harness/model/callee.h"

#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA_MAX (64u << 20)

/* What carries calls out and is never what one wants to hear of. */
static const char *const glue[] = {
	"PyObject_Call*",
	"PyObject_Vectorcall*",
	"PyVectorcall_*",
	"PyCFunction_Call*",
	"PyEval_*",
	"Py_RunMain",
	"Py_BytesMain",
	"PyRun_*",
	"_PyObject_Call*",
	"_PyObject_MakeTpCall",
	"_PyObject_FastCall*",
	"_PyObject_Vectorcall*",
	"_PyFunction_Vectorcall*",
	"_PyEval_*",
	"PyErr_*",
	"_PyErr_*",
	"_Py_Dealloc",
	"_PyRun_*",
	"_PyStack_*",
	"cfunction_*",
	"method_vectorcall*",
	"_start",
	"main",
	"__libc_start*",
};

static const char *const c_libraries[] = {
	"libc.so*", "libc-*.so", "libm.so*", "libm-*.so", "libpthread*", "ld-linux*", "[[]vdso]",
};

static bool matches(const char *name, const char *const *globs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fnmatch(globs[i], name, 0) == 0)
			return true;
	return false;
}

static uint64_t lookup(const struct frame *frame)
{
	return frame->is_exact ? frame->pc : frame->pc - 1;
}

/* How many frames, from the innermost on, the loop's innermost run has called. */
static size_t count_called(struct interpreter *interpreter, const struct frame *frames,
			   size_t count)
{
	size_t n = 0;

	while (n < count && !interpreter_is_loop(interpreter, lookup(&frames[n])))
		n++;
	return n;
}

static bool is_identifier(const char *text)
{
	if (!isalpha((unsigned char)*text) && *text != '_')
		return false;
	while (isalnum((unsigned char)*text) || *text == '_')
		text++;
	return *text == '\0';
}

/* Looks in one mapping for a PyMethodDef of the function: its name and address stand first, one
 * after the other (Include/methodobject.h). */
static bool search_methods(pid_t pid, const struct mapping *mapping, uint64_t function, char *name,
			   size_t size)
{
	const size_t bytes = (size_t)(mapping->end - mapping->start);
	uint64_t *words;
	bool found = false;
	ssize_t got;

	if (bytes > DATA_MAX)
		return false;
	words = alloc_zero(bytes);
	got = memory_read_some(pid, mapping->start, words, bytes);
	for (size_t n = 1; !found && got > 0 && n < (size_t)got / sizeof(*words); n++)
		found = words[n] == function && words[n - 1] &&
			memory_read_text(pid, words[n - 1], name, size) > 0 && is_identifier(name);
	free(words);
	return found;
}

static bool find_method(struct walker *walker, pid_t pid, const struct module *module,
			uint64_t function, char *name, size_t size)
{
	bool found = false;

	for (size_t n = 0; !found && n < walker->maps.count; n++) {
		const struct mapping *mapping = &walker->maps.list[n];

		if (mapping->start >= module->start && mapping->start < module->end &&
		    mapping->readable && !mapping->executable)
			found = search_methods(pid, mapping, function, name, size);
	}
	if (!found)
		name[0] = '\0';
	return found;
}

/* The best name of a function, and whether it is one that tells something. */
static bool name_frame(struct walker *walker, pid_t pid, const struct frame *frame,
		       const struct place *place, struct callee_name *name)
{
	snprintf(name->module, sizeof(name->module), "%s", place->module->name);
	if (frame->function_start && find_method(walker, pid, place->module, frame->function_start,
						 name->function, sizeof(name->function)))
		return true;
	if (place->function) {
		snprintf(name->function, sizeof(name->function), "%s", place->function);
		return !matches(place->function, glue, sizeof(glue) / sizeof(*glue));
	}
	snprintf(name->function, sizeof(name->function), "+0x%llx",
		 (unsigned long long)((frame->function_start ? frame->function_start
							     : place->address) -
				      place->module->bias));
	return false;
}

enum origin {
	EXTENSION, /* a module that Python can import */
	LIBRARY,   /* the interpreter itself, and what it is linked with */
	C_LIBRARY,
};

/* NAME.cpython-311-x86_64-linux-gnu.so and the like define PyInit_NAME (PEP 3121). */
static bool is_extension(struct walker *walker, const struct module *module)
{
	char *name = alloc_format("PyInit_%.*s", (int)strcspn(module->name, "."), module->name);
	uint64_t *addresses;
	size_t count;
	const bool is_there =
		symbols_find(walker->symbols, module->name, name, &addresses, &count) == 0;

	if (is_there)
		free(addresses);
	fail_clear();
	free(name);
	return is_there;
}

static enum origin origin_of(struct walker *walker, const struct module *module)
{
	if (matches(module->name, c_libraries, sizeof(c_libraries) / sizeof(*c_libraries)))
		return C_LIBRARY;
	return is_extension(walker, module) ? EXTENSION : LIBRARY;
}

/* The outermost of the frames that is of this origin; of several without a name that tells
 * something, too. */
static bool find_of(struct walker *walker, pid_t pid, const struct frame *frames, size_t count,
		    enum origin origin, struct callee_name *name)
{
	bool has_any = false;

	for (size_t n = count; n-- > 0;) {
		struct callee_name candidate;
		struct place place = {0};
		bool has_name;

		if (!symbols_place(walker->symbols, lookup(&frames[n]), &place) ||
		    origin_of(walker, place.module) != origin)
			continue;
		has_name = name_frame(walker, pid, &frames[n], &place, &candidate);
		if (has_name || !has_any)
			*name = candidate;
		if (has_name || origin == EXTENSION)
			return true;
		has_any = true;
	}
	return has_any;
}

bool callee_find(struct walker *walker, struct interpreter *interpreter, pid_t pid,
		 const struct frame *frames, size_t count, struct callee_name *name)
{
	const size_t called = count_called(interpreter, frames, count);

	*name = (struct callee_name){0};
	return find_of(walker, pid, frames, called, EXTENSION, name) ||
	       find_of(walker, pid, frames, called, LIBRARY, name) ||
	       find_of(walker, pid, frames, called, C_LIBRARY, name);
}

bool callee_passes(struct walker *walker, struct interpreter *interpreter,
		   const struct frame *frames, size_t count, const char *word)
{
	const size_t called = count_called(interpreter, frames, count);

	for (size_t n = 0; n < called; n++) {
		struct place place = {0};

		if (symbols_place(walker->symbols, lookup(&frames[n]), &place) && place.function &&
		    strstr(place.function, word))
			return true;
	}
	return false;
}
