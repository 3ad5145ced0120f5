/* SPDX-License-Identifier: MIT */
/* See exception.h: what is left of exceptions where the interpreter ends. */
#include "harness/oracles/python/exception.h"

#include "harness/model/interpreter.h"

#include <stdio.h>
#include <string.h>

void exception_end_read(struct exception_end *end, const struct trial *trial)
{
	const struct python *python = interpreter_python(trial->stage->interpreter);
	uint64_t thread;
	ssize_t count;

	end->count = 0;
	end->is_known = python_find_thread(python, trial->pid, 0, &thread) == 0 &&
			python_current_exception(python, trial->pid, thread, &end->set) == 0;
	fail_clear();
	if (!end->is_known)
		return;
	count = python_handled_exceptions(python, trial->pid, thread, end->handled,
					  EXCEPTION_END_MAX);
	end->is_known = count >= 0;
	for (ssize_t i = 0; i < count; i++)
		if (end->handled[i].value)
			end->handled[end->count++] = end->handled[i];
}

static bool is_alike(const struct python_exception *one, const struct python_exception *other)
{
	return strcmp(one->type_name, other->type_name) == 0 &&
	       strcmp(one->value_type_name, other->value_type_name) == 0 &&
	       strcmp(one->traceback_type_name, other->traceback_type_name) == 0;
}

static bool is_same_end(const struct exception_end *one, const struct exception_end *other)
{
	bool is_same = one->count == other->count && is_alike(&one->set, &other->set);

	for (size_t i = 0; is_same && i < one->count; i++)
		is_same = is_alike(&one->handled[i], &other->handled[i]);
	return is_same;
}

static json_t *end_json(const struct exception_end *end)
{
	json_t *handled = json_array();

	for (size_t i = 0; i < end->count; i++)
		json_array_append_new(handled, exception_evidence(&end->handled[i]));
	return json_pack("{s:o, s:o}", "raised", exception_evidence(&end->set), "handled", handled);
}

/* "ValueError is being handled": what is there beyond the other's, outermost first. */
static void describe_rest(const struct exception_end *end, const struct exception_end *other,
			  char *text, size_t size)
{
	const struct python_exception *first = NULL;

	for (size_t i = 1; !first && i <= end->count; i++)
		if (i > other->count ||
		    !is_alike(&end->handled[end->count - i], &other->handled[other->count - i]))
			first = &end->handled[end->count - i];
	if (first)
		snprintf(text, size, "%.60s is being handled", exception_name(first));
	else if (!is_alike(&end->set, &other->set))
		snprintf(text, size, "%.60s is set", exception_name(&end->set));
	else
		snprintf(text, size, "nothing");
}

/*
 * All frames are gone there, and nothing of theirs may be left, whatever the end that the program
 * has come to. What the baseline leaves is missed only where the trial went on to the same end.
 */
size_t exception_end_judge(const struct exception_end *expected, const struct exception_end *got,
			   const struct trial *trial, struct verdict *verdict)
{
	const bool is_more = got->count > expected->count || (got->set.type && !expected->set.type);
	char what[80];
	char instead[80];

	if (!expected->is_known || !got->is_known || is_same_end(expected, got) ||
	    !(trial_went_on(trial) || is_more))
		return 0;
	describe_rest(got, expected, what, sizeof(what));
	describe_rest(expected, got, instead, sizeof(instead));
	exception_violate(verdict, "left");
	snprintf(verdict->place, sizeof(verdict->place), "end");
	snprintf(verdict->title, sizeof(verdict->title),
		 "at the end %s to the interpreter's knowledge; without the signal %s", what,
		 instead);
	verdict->evidence = json_pack("{s:{s:o, s:o}}", "exception", "expected", end_json(expected),
				      "got", end_json(got));
	return 1;
}
