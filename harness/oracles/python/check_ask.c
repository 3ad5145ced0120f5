/* SPDX-License-Identifier: MIT */
/*
 * Has the companion module of a copy call its checks, and reads what it made of them (the protocol
 * of companion/sigsweep.py). The results are read from outside, so that those of the checks before
 * one that does not come back are not lost.
 */
#include "harness/oracles/python/check.h"

#include "harness/base/alloc.h"
#include "harness/model/ask_python.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MODULE "sigsweep"
#define CHECKS_MAX 1024
#define TEXT_SIZE 240
#define NAME_SIZE 100

/* What only the exception that ended the script kept alive is dropped first, as for locks. */
static const char script[] = "import sys\n"
			     "for name in ('last_type', 'last_value', 'last_traceback', "
			     "'last_exc'):\n"
			     "    if hasattr(sys, name):\n"
			     "        setattr(sys, name, None)\n"
			     "sys.modules['" MODULE "'].__sigsweep_evaluate__()\n"
			     "answer = 'done'\n";

/* The tuples of one of the module's lists: their number; a list that is too long is cut. */
static ssize_t read_tuples(const struct python *python, pid_t pid, const char *attribute,
			   uint64_t *tuples)
{
	uint64_t list;
	ssize_t count;
	int error = python_module_attribute(python, pid, MODULE, attribute, &list);

	if (error)
		return error;
	count = python_items(python, pid, list, tuples, CHECKS_MAX);
	return count > CHECKS_MAX ? CHECKS_MAX : count;
}

bool python_check_is_there(const struct python *python, pid_t pid)
{
	uint64_t list;
	uint64_t first;
	bool is_there =
		python_module_attribute(python, pid, MODULE, "__sigsweep_checks__", &list) == 0 &&
		python_items(python, pid, list, &first, 1) > 0;

	fail_clear();
	return is_there;
}

/* Cut at a whole character. */
static char *read_text(const struct python *python, pid_t pid, uint64_t object, size_t size)
{
	char text[TEXT_SIZE];

	return alloc_text(python_unicode(python, pid, object, text, size) < 0 ? "?" : text);
}

static enum python_check_verdict verdict_of(const char *text)
{
	if (strcmp(text, "holds") == 0)
		return PYTHON_CHECK_HOLDS;
	return strcmp(text, "violated") == 0 ? PYTHON_CHECK_VIOLATED : PYTHON_CHECK_RAISED;
}

static int read_result(const struct python *python, pid_t pid, uint64_t tuple,
		       struct python_check *check)
{
	uint64_t items[3];
	char *verdict;

	if (python_items(python, pid, tuple, items, 3) != 3)
		return fail(-ENODATA, "a result of the companion module cannot be read");
	verdict = read_text(python, pid, items[1], TEXT_SIZE);
	check->name = read_text(python, pid, items[0], NAME_SIZE);
	check->text = read_text(python, pid, items[2], TEXT_SIZE);
	check->verdict = verdict_of(verdict);
	free(verdict);
	return 0;
}

/* The one that was called last and has no result. */
static int read_late(const struct python *python, pid_t pid, struct python_checks *checks)
{
	uint64_t *tuples = alloc_zero(CHECKS_MAX * sizeof(*tuples));
	uint64_t name;
	const ssize_t count = read_tuples(python, pid, "__sigsweep_checks__", tuples);
	int error = 0;

	if (count <= (ssize_t)checks->count ||
	    python_items(python, pid, tuples[checks->count], &name, 1) < 1)
		error = fail(-ENODATA, "the checks did not return within %g seconds",
			     PYTHON_CHECK_SECONDS);
	else
		checks->list[checks->count++] =
			(struct python_check){.name = read_text(python, pid, name, NAME_SIZE),
					      .text = alloc_text(""),
					      .verdict = PYTHON_CHECK_LATE};
	free(tuples);
	return error;
}

static int read_results(const struct python *python, pid_t pid, struct python_checks *checks)
{
	uint64_t *tuples = alloc_zero(CHECKS_MAX * sizeof(*tuples));
	const ssize_t count = read_tuples(python, pid, "__sigsweep_results__", tuples);
	int error = count < 0 ? fail((int)count, "the companion module has no results") : 0;

	/* One more, for the check that has no result. */
	checks->list = alloc_zero((size_t)(count < 0 ? 1 : count + 1) * sizeof(*checks->list));
	for (ssize_t i = 0; !error && i < count; i++) {
		error = read_result(python, pid, tuples[i], &checks->list[checks->count]);
		checks->count += !error;
	}
	free(tuples);
	return error;
}

int python_check_ask(struct python_checks *checks, struct interpreter *interpreter,
		     const struct walker *walker)
{
	const struct python *python = interpreter_python(interpreter);
	char *answer = NULL;
	int asked = ask_python_within(python, walker->symbols, walker->pid, script,
				      PYTHON_CHECK_SECONDS, &answer);
	int error;

	free(answer);
	if (asked == -ESRCH || asked == -EFAULT)
		return fail(asked, "a check %s",
			    asked == -ESRCH ? "ended the process" : "crashed the interpreter");
	if (asked && asked != -ETIMEDOUT)
		return asked;
	fail_clear();
	error = read_results(python, walker->pid, checks);
	if (!error && asked == -ETIMEDOUT)
		error = read_late(python, walker->pid, checks);
	return error;
}

void python_check_free(struct python_checks *checks)
{
	for (size_t i = 0; i < checks->count; i++) {
		free(checks->list[i].name);
		free(checks->list[i].text);
	}
	free(checks->list);
	*checks = (struct python_checks){0};
}

const struct python_check *python_check_find(const struct python_checks *checks, size_t n,
					     const struct python_checks *other)
{
	const char *name = checks->list[n].name;
	size_t before = 0;

	for (size_t i = 0; i < n; i++)
		before += strcmp(checks->list[i].name, name) == 0;
	for (size_t i = 0; i < other->count; i++)
		if (strcmp(other->list[i].name, name) == 0 && before-- == 0)
			return &other->list[i];
	return NULL;
}
