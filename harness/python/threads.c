/* SPDX-License-Identifier: MIT */
/*
 * The thread states of a process. A thread of the system has one in each interpreter in which it
 * executes anything: those that have frames are nested in one another on its stack, and the
 * innermost one is executed.
 */
#include "harness/python/private.h"

#include <errno.h>

#define LISTED_MAX 100000 /* interpreters and thread states in all: longer lists are loops */
#define NESTED_MAX 64     /* interpreters that one thread executes at a time */

struct nest {
	const struct python *python;
	pid_t pid;
	uint64_t thread_pointer;
	size_t count;
	uint64_t threads[NESTED_MAX]; /* innermost first */
	uint64_t places[NESTED_MAX];  /* on the stack; 0: not known */
};

/* The one behind `last` in an interpreter's list of thread states, 0: the first; 0: there is none.
 */
static uint64_t next_thread(const struct python *python, pid_t pid, uint64_t interpreter,
			    uint64_t last)
{
	const uint64_t at = last == 0 ? interpreter + python->at.interpreter_threads
				      : last + python->at.thread_next;
	uint64_t next;

	return read_pointer(pid, at, &next) == 0 ? next : 0;
}

static bool has_pointer(const struct python *python, pid_t pid, uint64_t thread,
			uint64_t thread_pointer)
{
	uint64_t id;

	return read_pointer(pid, thread + python->at.thread_id, &id) == 0 && id == thread_pointer;
}

/* The thread state of an interpreter by its thread pointer, 0: its oldest one. 0: there is none. */
static uint64_t find_in(const struct python *python, pid_t pid, uint64_t interpreter,
			uint64_t thread_pointer)
{
	uint64_t thread = 0, next;

	for (size_t n = 0; n < LISTED_MAX; n++) {
		next = next_thread(python, pid, interpreter, thread);
		if (next == 0) /* new ones are put before older ones */
			return thread_pointer == 0 ? thread : 0;
		thread = next;
		if (thread_pointer != 0 && has_pointer(python, pid, thread, thread_pointer))
			return thread;
	}
	return 0;
}

static uint64_t next_interpreter(const struct python *python, pid_t pid, uint64_t interpreter)
{
	const uint64_t at = interpreter == 0
				    ? python->image.runtime + python->at.runtime_interpreters_head
				    : interpreter + python->at.interpreter_next;
	uint64_t next;

	return read_pointer(pid, at, &next) == 0 ? next : 0;
}

bool python_has_others(const struct python *python, pid_t pid)
{
	const uint64_t head = next_interpreter(python, pid, 0);

	/* New interpreters are put before older ones, the main one is the oldest; 0: all are gone.
	 */
	return head != 0 && head != python->interpreter;
}

/*
 * Where on the stack a thread state has what it executes: a local variable of the innermost run of
 * the interpreter's loop, from 3.13 on the shim under its frames, before that struct _PyCFrame,
 * which 3.9 does not have: 0. False: it executes nothing. From 3.15 on it has a frame of its own
 * under all others, in the same piece of memory.
 */
static bool find_place(const struct python *python, pid_t pid, uint64_t thread, uint64_t *place)
{
	struct frame_walk walk = {.python = python, .pid = pid, .thread = thread};
	struct frame_words words = {0};

	*place = 0;
	if (frames_begin(&walk) != 0 || walk.frame == 0)
		return false;
	if (python->at.thread_cframe != PYTHON_NONE)
		return read_pointer(pid, thread + python->at.thread_cframe, place) == 0;
	if (python->at.frame_owner_shim == PYTHON_NONE)
		return true;
	for (size_t n = 0; n < LISTED_MAX && frames_next(&walk, &words) > 0; n++) {
		if (words.is_shim && words.address - thread >= THREAD_STATE_MAX) {
			*place = words.address;
			return true;
		}
	}
	return false;
}

/* Adds a thread state that executes something. Where places are not known, the newest interpreter's
 * is the innermost one. */
static void add_to_nest(struct nest *nest, uint64_t thread)
{
	uint64_t place;
	size_t n = nest->count;

	if (thread == 0 || nest->count == NESTED_MAX ||
	    !find_place(nest->python, nest->pid, thread, &place))
		return;
	for (; n > 0 && place < nest->places[n - 1]; n--) {
		nest->threads[n] = nest->threads[n - 1];
		nest->places[n] = nest->places[n - 1];
	}
	nest->threads[n] = thread;
	nest->places[n] = place;
	nest->count++;
}

/* Up to 3.12 a subinterpreter is executed with the thread state that it was made with, by whichever
 * thread; a process that is stopped here has one. */
static bool has_any(const struct python *python)
{
	return python->version->minor < 13;
}

static void read_nest(struct nest *nest)
{
	const struct python *python = nest->python;
	const pid_t pid = nest->pid;
	uint64_t interpreter = 0;
	size_t listed = 0;

	while ((interpreter = next_interpreter(python, pid, interpreter)) != 0 &&
	       listed++ < LISTED_MAX) {
		uint64_t thread = 0;

		if (has_any(python) && interpreter == python->interpreter) {
			add_to_nest(nest, find_in(python, pid, interpreter, 0));
			continue;
		}
		while ((thread = next_thread(python, pid, interpreter, thread)) != 0 &&
		       listed++ < LISTED_MAX)
			if (has_any(python) ||
			    has_pointer(python, pid, thread, nest->thread_pointer))
				add_to_nest(nest, thread);
	}
}

/* Whose turn it is. */
static uint64_t find_current_by_runtime(const struct python *python, pid_t pid,
					uint64_t thread_pointer)
{
	uint64_t thread = 0, id = 0, interpreter = 0;

	if (read_pointer(pid, python->image.runtime + python->at.runtime_current_thread, &thread) !=
		    0 ||
	    thread == 0 || read_pointer(pid, thread + python->at.thread_id, &id) != 0 ||
	    read_pointer(pid, thread + python->at.thread_interpreter, &interpreter) != 0)
		return 0;
	return id == thread_pointer || interpreter != python->interpreter ? thread : 0;
}

/* The thread state that has the GIL of an interpreter; 0: nobody has it, or it has none (yet). */
static uint64_t find_holder(const struct python *python, pid_t pid, uint64_t interpreter)
{
	const struct python_layout *at = &python->at;
	uint64_t gil, holder;
	int32_t is_locked;

	if (read_pointer(pid, interpreter + at->interpreter_gil, &gil) != 0 || gil == 0 ||
	    read_int(pid, gil + at->gil_locked, &is_locked) != 0 || is_locked != 1 ||
	    read_pointer(pid, gil + at->gil_holder, &holder) != 0)
		return 0;
	return holder;
}

/* From 3.12 on interpreters may have GILs of their own. */
static uint64_t find_current_by_gil(const struct python *python, pid_t pid, uint64_t thread_pointer)
{
	uint64_t interpreter = 0;

	for (size_t n = 0; n < LISTED_MAX; n++) {
		uint64_t holder;

		interpreter = next_interpreter(python, pid, interpreter);
		if (interpreter == 0)
			return 0;
		holder = find_holder(python, pid, interpreter);
		if (holder != 0 && (has_pointer(python, pid, holder, thread_pointer) ||
				    (has_any(python) && interpreter != python->interpreter)))
			return holder;
	}
	return 0;
}

/* The one of its states that a thread executes; 0: it has none that executes anything. */
static uint64_t find_current(const struct python *python, pid_t pid, uint64_t thread_pointer)
{
	struct nest nest = {.python = python, .pid = pid, .thread_pointer = thread_pointer};
	const uint64_t current = python->at.interpreter_gil == PYTHON_NONE
					 ? find_current_by_runtime(python, pid, thread_pointer)
					 : find_current_by_gil(python, pid, thread_pointer);

	if (current != 0)
		return current;
	read_nest(&nest); /* it has dropped the GIL */
	return nest.count > 0 ? nest.threads[0] : 0;
}

uint64_t threads_outer(const struct python *python, pid_t pid, uint64_t innermost, size_t n)
{
	struct nest nest = {.python = python, .pid = pid};
	uint64_t interpreter;
	size_t outer = 0;

	if (!python_has_others(python, pid) ||
	    read_pointer(pid, innermost + python->at.thread_interpreter, &interpreter) != 0 ||
	    interpreter == python->interpreter ||
	    read_pointer(pid, innermost + python->at.thread_id, &nest.thread_pointer) != 0)
		return 0;
	read_nest(&nest);
	for (size_t i = 0; i < nest.count; i++)
		if (nest.threads[i] != innermost && outer++ == n)
			return nest.threads[i];
	return 0;
}

int python_find_main_thread(const struct python *python, pid_t pid, uint64_t thread_pointer,
			    uint64_t *thread)
{
	*thread = find_in(python, pid, python->interpreter, thread_pointer);
	return *thread != 0 ? 0 : fail(-ENOENT, "the thread is none of CPython's");
}

int python_find_thread(const struct python *python, pid_t pid, uint64_t thread_pointer,
		       uint64_t *thread)
{
	*thread = thread_pointer != 0 && python_has_others(python, pid)
			  ? find_current(python, pid, thread_pointer)
			  : 0;
	return *thread != 0 ? 0 : python_find_main_thread(python, pid, thread_pointer, thread);
}
