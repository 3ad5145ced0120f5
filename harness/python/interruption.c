/* SPDX-License-Identifier: MIT */
/* See interruption.h. The clauses of a handler are in clauses.c. */
#include "harness/python/interruption.h"

#include "harness/kernel/memory.h"
#include "harness/python/private.h"

#include <errno.h>
#include <string.h>

#define SIGNALS 65 /* NSIG of Linux: entries 1 to 64 are signals */
#define HANDLERS_MAX 512

static int find_entry(const struct python *python, int signal, uint64_t *entry)
{
	if (python->handlers == 0 || signal < 1 || signal >= SIGNALS)
		return fail(-ENOTSUP, "the interpreter's table of signal handlers was not found");
	*entry = python->handlers + (uint64_t)signal * python->at.signal_size;
	return 0;
}

int python_signal_word(const struct python *python, int signal, struct python_word *word)
{
	int error = find_entry(python, signal, &word->address);

	word->address += python->at.signal_tripped;
	word->size = sizeof(int32_t);
	return error;
}

bool python_is_finalizing(const struct python *python, pid_t pid)
{
	uint64_t thread;

	return read_pointer(pid, python->image.runtime + python->at.runtime_finalizing, &thread) ==
		       0 &&
	       thread != 0;
}

int python_signal_handler(const struct python *python, pid_t pid, int signal, uint64_t *handler)
{
	uint64_t entry = 0;
	int error = find_entry(python, signal, &entry);

	return error ? error : read_pointer(pid, entry + python->at.signal_function, handler);
}

struct python_word python_exception_word(const struct python *python, uint64_t thread)
{
	const struct python_layout *at = &python->at;
	const uint32_t offset = at->thread_current_value != PYTHON_NONE
					? at->thread_current_value
					: at->thread_current_exception;

	return (struct python_word){thread + offset, sizeof(uint64_t)};
}

int python_is_raised(const struct python *python, pid_t pid, uint64_t thread, bool *is_raised,
		     uint64_t *value)
{
	const struct python_word word = python_exception_word(python, thread);
	uint64_t type = 0;
	int error = read_pointer(pid, word.address, value);

	if (!error && python->at.thread_current_value != PYTHON_NONE)
		error = read_pointer(pid, thread + python->at.thread_current_exception, &type);
	*is_raised = type != 0 || *value != 0;
	return error;
}

int python_handled_word(const struct python *python, pid_t pid, uint64_t thread,
			struct python_word *word)
{
	uint64_t item;
	int error = read_pointer(pid, thread + python->at.thread_exc_info, &item);

	*word = (struct python_word){item + python->at.exc_info_value, sizeof(uint64_t)};
	return error;
}

struct python_word python_instruction_word(const struct python *python, uint64_t frame)
{
	return (struct python_word){frame + python->at.frame_instruction,
				    python->version->minor >= 11 ? sizeof(uint64_t)
								 : sizeof(int32_t)};
}

ssize_t python_bare_frames(const struct python *python, pid_t pid, uint64_t thread,
			   struct python_bare_frame *frames, size_t max)
{
	struct frame_walk walk = {.python = python, .pid = pid, .thread = thread};
	struct frame_words words = {0};
	size_t count = 0;
	int error = frames_begin(&walk);

	while (error == 0 && count < max && (error = frames_next(&walk, &words)) > 0) {
		error = 0;
		if (!words.is_shim)
			frames[count++] = (struct python_bare_frame){.address = words.address,
								     .code = words.code,
								     .offset = words.offset,
								     .is_entry = words.is_entry};
		else if (count > 0)
			frames[count - 1].is_entry = true;
	}
	return error == 0 || count > 0 ? (ssize_t)count : error;
}

bool python_has_blocks(const struct python *python)
{
	return python->at.code_exceptions == PYTHON_NONE;
}

/* The rows of a code object's exception table; -1 where they cannot be told. */
static ssize_t read_handlers(const struct python *python, pid_t pid, uint64_t code,
			     struct python_handler handlers[HANDLERS_MAX])
{
	ssize_t count = -1;

	if (!python_has_blocks(python))
		count = python_handlers(python, pid, code, handlers, HANDLERS_MAX);
	return count < 0 || count == HANDLERS_MAX ? -1 : count;
}

bool python_has_handler(const struct python *python, pid_t pid, uint64_t code, int offset)
{
	struct python_handler handlers[HANDLERS_MAX];
	ssize_t count = read_handlers(python, pid, code, handlers);

	for (ssize_t n = 0; n < count; n++)
		if (offset >= handlers[n].start && offset < handlers[n].end)
			return true;
	return count < 0;
}

int python_is_handler(const struct python *python, pid_t pid, uint64_t code, int offset)
{
	struct python_handler handlers[HANDLERS_MAX];
	ssize_t count = read_handlers(python, pid, code, handlers);

	for (ssize_t n = 0; n < count; n++)
		if (offset == handlers[n].target)
			return 1;
	return count < 0 ? -ENODATA : 0;
}
