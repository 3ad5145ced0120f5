/* SPDX-License-Identifier: MIT */
/*
 * The functions that take the flag of a signal back: of PyErr_CheckSignals(), which then calls its
 * handler, and of PyOS_InterruptOccurred(), which does not. What does it is one that they call
 * (Modules/signalmodule.c: _PyErr_CheckSignalsTstate(), which the interpreter's loop calls, too),
 * and has no name in a stripped module from 3.13 on.
 */
#include "harness/engine/decode_branch.h"
#include "harness/kernel/memory.h"
#include "harness/python/private.h"

#include <string.h>

#define CODE_MAX 1024   /* bytes: PyErr_CheckSignals() has up to 500 in the builds that were seen */
#define BRANCHES_MAX 16 /* stretches of it that lie elsewhere: its seldom executed part */

struct search {
	struct symbols *symbols;
	const char *name; /* in those of its parts */
	pid_t pid;
	uint64_t start; /* of the function */
	uint64_t end;
	uint64_t elsewhere[BRANCHES_MAX];
	size_t count;
	struct python_looks *looks;
};

static void add(struct python_looks *looks, uint64_t function)
{
	if (!python_is_look(looks, function) && looks->count < PYTHON_LOOKS_MAX)
		looks->functions[looks->count++] = function;
}

/* What has another name serves others, too: PyObject_Call() jumps to whatever is called. */
static void add_called(struct search *search, uint64_t function)
{
	struct place place;

	if (symbols_place(search->symbols, function, &place) &&
	    (!place.function || strstr(place.function, search->name)))
		add(search->looks, function);
}

static void note_branch(struct search *search, const struct branch *branch)
{
	const uint64_t target = branch->target;

	if (!target || (target >= search->start && target < search->end))
		return;
	/* The last call of a function may be a jump. */
	if (branch->is_call || !branch->goes_on)
		add_called(search, target);
	if (!branch->is_call && search->count < BRANCHES_MAX)
		search->elsewhere[search->count++] = target;
}

/* Reads on to `end`, or to where nothing goes on. */
static void scan(struct search *search, uint64_t address, uint64_t end)
{
	uint8_t code[CODE_MAX];
	const size_t wanted = end - address < sizeof(code) ? end - address : sizeof(code);
	const ssize_t size = memory_read_some(search->pid, address, code, wanted);
	const bool is_whole = address == search->start;
	ssize_t at = 0;
	struct branch branch;

	while (at < size &&
	       decode_branch(code + at, (size_t)(size - at), address + (uint64_t)at, &branch)) {
		note_branch(search, &branch);
		if (!is_whole && !branch.goes_on && !branch.is_call)
			break;
		at += branch.length;
	}
}

static void find(struct symbols *symbols, pid_t pid, const char *module, const char *const names[2],
		 struct python_looks *looks)
{
	struct search search = {
		.symbols = symbols, .name = strchr(names[0], '_') + 1, .pid = pid, .looks = looks};
	uint64_t size;

	*looks = (struct python_looks){0};
	if (symbols_find_object(symbols, module, names[1], &search.start, &size) == 0)
		add(looks, search.start);
	if (symbols_find_object(symbols, module, names[0], &search.start, &size) == 0) {
		search.end = search.start + size;
		add(looks, search.start);
		scan(&search, search.start, search.end);
		/* What these stretches lead to is noted, but not read. */
		for (size_t n = 0, count = search.count; n < count; n++)
			scan(&search, search.elsewhere[n], search.elsewhere[n] + CODE_MAX);
	}
	fail_clear();
}

void looks_find(struct symbols *symbols, pid_t pid, const char *module, struct python_image *image)
{
	static const char *const calling[] = {"PyErr_CheckSignals", "_PyErr_CheckSignalsTstate"};
	static const char *const asking[] = {"PyOS_InterruptOccurred", "_PyOS_InterruptOccurred"};

	find(symbols, pid, module, calling, &image->looks);
	find(symbols, pid, module, asking, &image->polls);
}

bool python_is_look(const struct python_looks *looks, uint64_t function)
{
	for (size_t n = 0; n < looks->count; n++)
		if (looks->functions[n] == function)
			return true;
	return false;
}
