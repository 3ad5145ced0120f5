/* SPDX-License-Identifier: MIT */
/* The exceptions that an interpreter's thread holds: the one being raised, those being handled. */
#include "harness/python/private.h"

#include <errno.h>
#include <string.h>

/* Reads a pointer at struct + offset; 0 for a field that the version does not have. */
static int read_optional(pid_t pid, uint64_t address, uint32_t offset, uint64_t *value)
{
	*value = 0;
	return offset == PYTHON_NONE ? 0 : read_pointer(pid, address + offset, value);
}

/* An empty item of the exc_info stack holds NULL or None, whichever way it was emptied. */
static bool is_none(const struct python *python, pid_t pid, uint64_t object)
{
	char name[32];

	return python_type_name(python, pid, object, name, sizeof(name)) == 0 &&
	       strcmp(name, "NoneType") == 0;
}

/* Fills in what follows from the addresses. */
static int describe(const struct python *python, pid_t pid, struct python_exception *exception)
{
	uint64_t value_type = 0;
	int error = 0;

	if (exception->value != 0) {
		error = read_type(python, pid, exception->value, &value_type);
		if (error == 0)
			error = read_type_name(python, pid, value_type, exception->value_type_name,
					       sizeof(exception->value_type_name));
		if (error == 0)
			error = python_refcount(python, pid, exception->value, &exception->refcount,
						&exception->is_immortal);
		if (exception->type == 0)
			exception->type = value_type;
	}
	if (error == 0 && exception->type != 0)
		error = read_type_name(python, pid, exception->type, exception->type_name,
				       sizeof(exception->type_name));
	if (error == 0 && exception->traceback != 0)
		error = python_type_name(python, pid, exception->traceback,
					 exception->traceback_type_name,
					 sizeof(exception->traceback_type_name));
	return error;
}

int python_current_exception(const struct python *python, pid_t pid, uint64_t thread,
			     struct python_exception *exception)
{
	const struct python_layout *at = &python->at;
	int error;

	memset(exception, 0, sizeof(*exception));
	if (at->thread_current_value == PYTHON_NONE) {
		error = read_pointer(pid, thread + at->thread_current_exception, &exception->value);
		if (error == 0 && exception->value != 0)
			error = read_pointer(pid, exception->value + at->exception_traceback,
					     &exception->traceback);
	} else {
		error = read_pointer(pid, thread + at->thread_current_exception, &exception->type);
		if (error == 0)
			error = read_pointer(pid, thread + at->thread_current_value,
					     &exception->value);
		if (error == 0)
			error = read_pointer(pid, thread + at->thread_current_traceback,
					     &exception->traceback);
	}
	return error == 0 ? describe(python, pid, exception) : error;
}

int python_chained(const struct python *python, pid_t pid, uint64_t exception, uint64_t links[2])
{
	const struct python_layout *at = &python->at;
	int error = read_optional(pid, exception, at->exception_context, &links[0]);

	return error ? error : read_optional(pid, exception, at->exception_cause, &links[1]);
}

bool python_has_traceback(const struct python *python, pid_t pid, uint64_t exception)
{
	uint64_t traceback;

	return python->at.exception_traceback == PYTHON_NONE ||
	       (read_pointer(pid, exception + python->at.exception_traceback, &traceback) == 0 &&
		traceback != 0);
}

static int read_item(const struct python *python, pid_t pid, uint64_t item,
		     struct python_exception *exception)
{
	const struct python_layout *at = &python->at;
	int error = read_pointer(pid, item + at->exc_info_value, &exception->value);

	if (error == 0)
		error = read_optional(pid, item, at->exc_info_type, &exception->type);
	if (error == 0)
		error = read_optional(pid, item, at->exc_info_traceback, &exception->traceback);
	if (error != 0)
		return error;
	if (exception->value != 0 && is_none(python, pid, exception->value))
		exception->value = 0;
	if (exception->type != 0 && is_none(python, pid, exception->type))
		exception->type = 0;
	if (exception->traceback != 0 && is_none(python, pid, exception->traceback))
		exception->traceback = 0;
	if (exception->value != 0 && at->exc_info_traceback == PYTHON_NONE)
		error = read_pointer(pid, exception->value + at->exception_traceback,
				     &exception->traceback);
	return error == 0 ? describe(python, pid, exception) : error;
}

int python_exception_words(const struct python *python, pid_t pid, uint64_t thread,
			   struct python_exception_words *words)
{
	const struct python_layout *at = &python->at;
	const bool is_apart = at->thread_current_value != PYTHON_NONE;
	int error =
		read_optional(pid, thread, is_apart ? at->thread_current_exception : PYTHON_NONE,
			      &words->current[0]);

	if (error == 0)
		error = read_optional(pid, thread,
				      is_apart ? at->thread_current_value
					       : at->thread_current_exception,
				      &words->current[1]);
	if (error == 0)
		error = read_optional(pid, thread, at->thread_current_traceback,
				      &words->current[2]);
	if (error == 0)
		error = read_pointer(pid, thread + at->thread_exc_info, &words->item);
	if (error == 0)
		error = read_optional(pid, words->item, at->exc_info_type, &words->handled[0]);
	if (error == 0)
		error = read_pointer(pid, words->item + at->exc_info_value, &words->handled[1]);
	if (error == 0)
		error = read_optional(pid, words->item, at->exc_info_traceback, &words->handled[2]);
	return error;
}

void python_exception_places(const struct python *python, uint64_t thread, uint64_t places[3])
{
	const struct python_layout *at = &python->at;

	memset(places, 0, 3 * sizeof(*places));
	if (at->thread_current_value == PYTHON_NONE) {
		places[1] = thread + at->thread_current_exception;
		return;
	}
	places[0] = thread + at->thread_current_exception;
	places[1] = thread + at->thread_current_value;
	places[2] = thread + at->thread_current_traceback;
}

ssize_t python_handled_exceptions(const struct python *python, pid_t pid, uint64_t thread,
				  struct python_exception *exceptions, size_t max)
{
	size_t count = 0;
	uint64_t item;
	int error = read_pointer(pid, thread + python->at.thread_exc_info, &item);

	while (error == 0 && item != 0 && count < max) {
		memset(&exceptions[count], 0, sizeof(exceptions[count]));
		error = read_item(python, pid, item, &exceptions[count]);
		if (error == 0) {
			count++;
			error = read_pointer(pid, item + python->at.exc_info_previous, &item);
		}
	}
	return error == 0 ? (ssize_t)count : error;
}
