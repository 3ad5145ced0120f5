/* SPDX-License-Identifier: MIT */
/* See ask_python.h. */
#include "harness/model/ask_python.h"

#include "harness/base/alloc.h"
#include "harness/engine/remote_call.h"
#include "harness/kernel/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX ((size_t)1 << 20)
#define ANSWER "__sigsweep_answer__"

/* The script's own names do not meet those of the module __main__, in which this is executed. */
#define BEFORE "__import__('builtins').exec('''"
#define AFTER "\n__import__('sys')." ANSWER " = answer\n''', {'__name__': 'sigsweep_question'})\n"

/*
 * Up to 3.13 the lists of free list and dict objects are arrays (Objects/listobject.c,
 * Objects/dictobject.c, 80 each), and where an object was taken from one its address is left over
 * there. So many are made and given back that all of these are written anew.
 */
#define CHURN BEFORE "[([], {}) for _ in (0,) * 200]\n''', {})\n"

static int call(struct symbols *symbols, pid_t pid, const char *function, uint64_t argument,
		double limit, uint64_t *result)
{
	uint64_t address;

	if (!symbols_named(symbols, function, &address, 1))
		return fail(-ENOENT, "no module has %s", function);
	return remote_call(pid, address, &argument, 1, limit, result);
}

/* A signal that nothing has acted on yet would raise its exception in our code. */
static int drain_signals(struct symbols *symbols, pid_t pid, double limit)
{
	uint64_t result;
	int error = call(symbols, pid, "PyErr_CheckSignals", 0, limit, &result);

	return error ? error : call(symbols, pid, "PyErr_Clear", 0, limit, &result);
}

static int execute(struct symbols *symbols, pid_t pid, const char *text, double limit)
{
	const size_t size = strlen(text) + 1;
	uint64_t memory = 0;
	uint64_t result;
	int error = call(symbols, pid, "PyMem_RawMalloc", size, limit, &memory);

	if (!error)
		error = memory ? memory_write(pid, memory, text, size) : -ENOMEM;
	return error ? error : call(symbols, pid, "PyRun_SimpleString", memory, limit, &result);
}

int ask_python_collect(struct symbols *symbols, pid_t pid)
{
	uint64_t result;
	int error = drain_signals(symbols, pid, ASK_PYTHON_LIMIT);

	if (!error)
		error = execute(symbols, pid, CHURN, ASK_PYTHON_LIMIT);
	return error ? error : call(symbols, pid, "PyGC_Collect", 0, ASK_PYTHON_LIMIT, &result);
}

int ask_python_within(const struct python *python, struct symbols *symbols, pid_t pid,
		      const char *script, double limit, char **answer)
{
	char *text = alloc_format("%s%s%s", BEFORE, script, AFTER);
	uint64_t object;
	int error = drain_signals(symbols, pid, limit);

	*answer = NULL;
	if (!error)
		error = execute(symbols, pid, text, limit);
	free(text);
	if (!error)
		error = python_module_attribute(python, pid, "sys", ANSWER, &object);
	if (error)
		return error == -ENOENT ? fail(-ENODATA, "the interpreter gave no answer") : error;
	*answer = alloc_zero(ANSWER_MAX);
	if (python_unicode(python, pid, object, *answer, ANSWER_MAX) >= 0)
		return 0;
	free(*answer);
	*answer = NULL;
	return fail(-ENODATA, "the interpreter's answer cannot be read");
}

int ask_python(const struct python *python, struct symbols *symbols, pid_t pid, const char *script,
	       char **answer)
{
	return ask_python_within(python, symbols, pid, script, ASK_PYTHON_LIMIT, answer);
}
