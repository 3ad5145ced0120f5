/* SPDX-License-Identifier: MIT */
/*
 * The thread states of a process. A thread of the system has one in each interpreter in which it
 * has executed anything; it executes one of them at a time.
 */
#include "harness/python/private.h"

#include <errno.h>

#define THREADS_MAX 100000      /* a longer list is a loop */
#define INTERPRETERS_MAX 100000 /* the same */

/* The thread state that has the GIL of an interpreter; 0: nobody has it. */
static int find_holder(const struct python *python, pid_t pid, uint64_t interpreter,
		       uint64_t *thread)
{
	const struct python_layout *at = &python->at;
	int32_t is_locked = 0;
	uint64_t gil;
	int error = read_pointer(pid, interpreter + at->interpreter_gil, &gil);

	*thread = 0;
	if (error == 0)
		error = read_int(pid, gil + at->gil_locked, &is_locked);
	return error == 0 && is_locked == 1 ? read_pointer(pid, gil + at->gil_holder, thread)
					    : error;
}

/* Is it a state of this thread? */
static int is_of(const struct python *python, pid_t pid, uint64_t thread, uint64_t thread_pointer,
		 bool *is)
{
	uint64_t id = 0;
	int error = thread != 0 ? read_pointer(pid, thread + python->at.thread_id, &id) : 0;

	*is = error == 0 && thread != 0 && id == thread_pointer;
	return error;
}

static int next_interpreter(const struct python *python, pid_t pid, uint64_t *interpreter)
{
	return read_pointer(pid,
			    *interpreter == 0
				    ? python->image.runtime + python->at.runtime_interpreters_head
				    : *interpreter + python->at.interpreter_next,
			    interpreter);
}

/* Whose turn it is among the states of one thread; 0: none's, since it has dropped the GIL. From
 * 3.12 on interpreters may have GILs of their own. */
static int find_current(const struct python *python, pid_t pid, uint64_t thread_pointer,
			uint64_t *thread)
{
	const struct python_layout *at = &python->at;
	uint64_t interpreter = 0;
	bool is_found = false;
	int error = 0;

	if (at->interpreter_gil == PYTHON_NONE) {
		error = read_pointer(pid, python->image.runtime + at->runtime_current_thread,
				     thread);
		if (error == 0)
			error = is_of(python, pid, *thread, thread_pointer, &is_found);
	}
	for (size_t n = 0; at->interpreter_gil != PYTHON_NONE && !is_found && n < INTERPRETERS_MAX;
	     n++) {
		error = next_interpreter(python, pid, &interpreter);
		if (error != 0 || interpreter == 0)
			break;
		error = find_holder(python, pid, interpreter, thread);
		if (error == 0)
			error = is_of(python, pid, *thread, thread_pointer, &is_found);
		if (error != 0)
			break;
	}
	if (!is_found)
		*thread = 0;
	return error;
}

/* The thread state of an interpreter by its thread pointer, 0: its oldest one. *thread is 0 where
 * there is none. */
static int find_in(const struct python *python, pid_t pid, uint64_t interpreter,
		   uint64_t thread_pointer, uint64_t *thread)
{
	const struct python_layout *at = &python->at;
	uint64_t next, id, last = 0;
	int error = read_pointer(pid, interpreter + at->interpreter_threads, &next);

	*thread = 0;
	for (size_t n = 0; error == 0 && next != 0 && n < THREADS_MAX; n++) {
		last = next;
		error = read_pointer(pid, last + at->thread_id, &id);
		if (error == 0 && thread_pointer != 0 && id == thread_pointer) {
			*thread = last;
			return 0;
		}
		if (error == 0)
			error = read_pointer(pid, last + at->thread_next, &next);
	}
	if (thread_pointer == 0) /* new ones are put before older ones */
		*thread = last;
	return error;
}

bool python_has_others(const struct python *python, pid_t pid)
{
	uint64_t head;

	/* New interpreters are put before older ones; the main one is the oldest. */
	return read_pointer(pid, python->image.runtime + python->at.runtime_interpreters_head,
			    &head) != 0 ||
	       head != python->interpreter;
}

int threads_outer(const struct python *python, pid_t pid, uint64_t thread, uint64_t *outer)
{
	uint64_t interpreter, pointer;
	int error = read_pointer(pid, thread + python->at.thread_interpreter, &interpreter);

	*outer = 0;
	if (error == 0)
		error = read_pointer(pid, thread + python->at.thread_id, &pointer);
	for (size_t n = 0; error == 0 && interpreter != python->interpreter && *outer == 0 &&
			   n < INTERPRETERS_MAX;
	     n++) {
		uint64_t frame = 0;

		error = next_interpreter(python, pid, &interpreter);
		if (error == 0 && interpreter == 0)
			return 0;
		if (error == 0)
			error = find_in(python, pid, interpreter, pointer, outer);
		if (error == 0 && *outer != 0 &&
		    (frames_innermost(python, pid, *outer, &frame) != 0 || frame == 0))
			*outer = 0; /* it executes nothing there */
	}
	return error;
}

int python_find_main_thread(const struct python *python, pid_t pid, uint64_t thread_pointer,
			    uint64_t *thread)
{
	int error = find_in(python, pid, python->interpreter, thread_pointer, thread);

	if (error != 0)
		return error;
	return *thread != 0 ? 0 : fail(-ENOENT, "the thread is none of CPython's");
}

int python_find_thread(const struct python *python, pid_t pid, uint64_t thread_pointer,
		       uint64_t *thread)
{
	int error = 0;

	*thread = 0;
	if (thread_pointer != 0 && python_has_others(python, pid))
		error = find_current(python, pid, thread_pointer, thread);
	if (error != 0 || *thread != 0)
		return error;
	return python_find_main_thread(python, pid, thread_pointer, thread);
}
