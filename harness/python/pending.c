/* SPDX-License-Identifier: MIT */
/*
 * Signals that have arrived in CPython's C handler and wait for their Python handler. Up to 3.11
 * the table of handlers is a static of signalmodule.c without a symbol: it is recognised by its
 * contents.
 */
#include "harness/base/alloc.h"
#include "harness/kernel/maps.h"
#include "harness/kernel/memory.h"
#include "harness/python/private.h"

#include <errno.h>

#include <stdlib.h>
#include <string.h>

#define SIGNALS 65         /* NSIG of Linux: entries 1 to 64 are signals */
#define TABLE_ALIGNMENT 16 /* of a static array of more than 32 bytes, at least (psABI 3.1.2) */

struct entry {
	uint64_t tripped; /* an int and its padding */
	uint64_t function;
};

/*
 * Entry 0 is empty, each other one has a handler: the same default (an int) for nearly all.
 * Py_Initialize() fills the table, so it looks so whenever there is an interpreter.
 */
static bool is_table(const struct entry *table)
{
	size_t same = 0;

	if (table[0].tripped != 0 || table[0].function != 0)
		return false;
	for (size_t n = 1; n < SIGNALS; n++) {
		if (table[n].tripped > 1 || table[n].function == 0)
			return false;
		same += table[n].function == table[SIGNALS - 1].function;
	}
	return same >= SIGNALS / 2;
}

static uint64_t search(const struct python *python, pid_t pid, uint64_t start, uint64_t end)
{
	size_t size;
	unsigned char *data = read_range(pid, start, end, &size);
	uint64_t found = 0;

	for (size_t at = 0; at + SIGNALS * sizeof(struct entry) <= size; at += TABLE_ALIGNMENT) {
		struct entry table[SIGNALS];
		char name[16];

		memcpy(table, data + at, sizeof(table));
		if (is_table(table) &&
		    python_type_name(python, pid, table[SIGNALS - 1].function, name,
				     sizeof(name)) == 0 &&
		    strcmp(name, "int") == 0) {
			found = start + at;
			break;
		}
	}
	free(data);
	return found;
}

uint64_t handlers_find(const struct python *python, pid_t pid)
{
	struct maps maps = {0};
	uint64_t found = 0, end = python->image.end;

	if (maps_read(&maps, pid) != 0)
		return 0;
	for (size_t n = 0; n < maps.count && found == 0; n++) {
		const struct mapping *mapping = &maps.list[n];
		bool is_bss = mapping->start == end && mapping->inode == 0;

		if (mapping->start < python->image.start || (mapping->start >= end && !is_bss))
			continue;
		if (mapping->writable)
			found = search(python, pid, mapping->start, mapping->end);
		if (is_bss)
			end = mapping->end;
	}
	maps_free(&maps);
	return found;
}

static int read_tripped(const struct python *python, pid_t pid, struct python_pending *pending)
{
	unsigned char table[SIGNALS * 64];
	size_t size = python->at.signal_size;
	int error;

	if (python->handlers == 0 || size > 64)
		return 0;
	error = memory_read(pid, python->handlers, table, SIGNALS * size);
	if (error != 0)
		return error;
	pending->is_known = true;
	for (size_t n = 1; n < SIGNALS; n++) {
		int32_t tripped;

		memcpy(&tripped, table + n * size + python->at.signal_tripped, sizeof(tripped));
		if (tripped != 0)
			pending->tripped |= 1ull << (n - 1);
	}
	return 0;
}

int python_pending_signals(const struct python *python, pid_t pid, uint64_t thread,
			   struct python_pending *pending)
{
	const struct python_layout *at = &python->at;
	uint64_t breaker;
	int32_t flag = 0;
	int error;

	memset(pending, 0, sizeof(*pending));
	error = read_tripped(python, pid, pending);
	if (error != 0)
		return error;
	pending->is_tripped = pending->tripped != 0;
	if (at->runtime_signals_tripped != PYTHON_NONE) {
		error = read_int(pid, python->image.runtime + at->runtime_signals_tripped, &flag);
		pending->is_tripped = flag != 0;
	}
	if (error == 0 && at->runtime_signals_pending != PYTHON_NONE) {
		error = read_int(pid, python->image.runtime + at->runtime_signals_pending, &flag);
		pending->is_flagged = flag != 0;
	} else if (error == 0) {
		error = python_eval_breaker(python, pid, thread, &breaker);
		pending->is_flagged = (breaker & PYTHON_BREAKER_SIGNALS) != 0;
	}
	return error;
}

int python_eval_breaker(const struct python *python, pid_t pid, uint64_t thread, uint64_t *value)
{
	const struct python_layout *at = &python->at;
	int32_t flag = 0;
	int error;

	if (at->thread_eval_breaker != PYTHON_NONE)
		return read_pointer(pid, thread + at->thread_eval_breaker, value);
	error = read_int(pid, python->interpreter + at->interpreter_eval_breaker, &flag);
	*value = (uint64_t)flag;
	return error;
}

int python_tripped_at(const struct python *python, int signal, uint64_t *address)
{
	*address = python->handlers + (uint64_t)signal * python->at.signal_size +
		   python->at.signal_tripped;
	return python->handlers ? 0
				: fail(-ENOENT, "Python's table of signal handlers was not found");
}
