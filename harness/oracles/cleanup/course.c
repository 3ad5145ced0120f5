/* SPDX-License-Identifier: MIT */
/*
 * See cleanup.h: one course, opcode by opcode. Once the exception has left the program's own frames
 * (the interpreter then prints a traceback, for which newer ones run thousands of opcodes), only
 * the starts of handlers of the program's own code are looked at, and what follows these. Knows
 * nothing of what is owed.
 */
#include "harness/oracles/cleanup/cleanup.h"

#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/kernel/procfs.h"
#include "harness/model/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX 20000 /* about a second */
#define FRAMES_MAX 256
#define HANDLER_START "PUSH_EXC_INFO" /* from 3.11 on */

struct following {
	struct follow follow;
	struct cleanup_course *course;
	const struct cleanup_course *undisturbed; /* NULL: this is it */
	struct interpreter *interpreter;
	struct dispatch *dispatch;
	struct cleanup_codes *codes;
	uint64_t tripped_at;
	int signal;
	bool was_blocked;     /* and is still pending */
	uint64_t bottom_code; /* of the outermost frame at the boundary */
	size_t stops;
	bool is_sparse;         /* only handler starts are stopped at */
	uint64_t handler_frame; /* has left the program's frames, but this one runs a handler; 0 */
};

/* Blocked at the boundary, it may not have been let in yet. */
static bool is_waiting(struct following *following)
{
	struct process_status status;
	uint64_t waiting;

	if (!following->was_blocked)
		return false;
	if (procfs_status(following->follow.walker->pid, &status))
		return true;
	waiting = status.signals_pending | status.signals_pending_shared;
	following->was_blocked = waiting >> (following->signal - 1) & 1;
	return following->was_blocked;
}

/* The signal's mark is gone as soon as the Python handler was called. */
static void look_for_handler(struct following *following)
{
	struct cleanup_course *course = following->course;
	int32_t tripped;

	if (!following->undisturbed || course->has_handled || is_waiting(following))
		return;
	if (memory_read(following->follow.walker->pid, following->tripped_at, &tripped,
			sizeof(tripped)) == 0 &&
	    !tripped) {
		course->has_handled = true;
		course->handled_at = course->count;
	}
}

static int plant(struct following *following, bool is_sparse)
{
	struct walker *walker = following->follow.walker;
	uint64_t starts[PYTHON_OPCODES];
	const uint64_t *points;
	size_t count;
	int error = 0;

	following->is_sparse = is_sparse;
	walker_clear_breakpoints(walker);
	points = dispatch_points(following->dispatch, &count);
	if (is_sparse) {
		count = dispatch_points_of(following->dispatch, HANDLER_START, starts);
		points = starts;
	}
	for (size_t i = 0; !error && i < count; i++)
		error = walker_add_breakpoint(walker, points[i]);
	return error;
}

/* The frames that run: their number; `has` says whether `frame` is one of them. */
static size_t read_chain(struct following *following, uint64_t thread, uint64_t frame, bool *has,
			 uint64_t *bottom_code)
{
	struct python_place places[FRAMES_MAX];
	const ssize_t count =
		python_places(interpreter_python(following->interpreter),
			      following->follow.walker->pid, thread, places, FRAMES_MAX);

	*has = false;
	*bottom_code = 0;
	for (ssize_t i = 0; i < count; i++) {
		*has |= places[i].frame == frame;
		*bottom_code = places[i].code;
	}
	return count > 0 ? (size_t)count : 0;
}

/* Does the undisturbed course run the code, so that it may have cleanup to do? */
static bool is_of_program(const struct following *following, int code)
{
	const struct cleanup_course *course = following->undisturbed;

	if (!following->codes->list[code]->blocks.count)
		return false;
	for (size_t i = 0; i < course->count; i++)
		if (course->events[i].code == code)
			return true;
	return false;
}

/* Which opcodes are to be stopped at from here on? */
static int choose_stops(struct following *following, uint64_t thread,
			const struct cleanup_event *event)
{
	const bool is_call = event->offset == 0;
	uint64_t bottom;
	bool has;

	if (!following->undisturbed || !following->course->has_handled || !following->bottom_code)
		return 0;
	if (following->is_sparse) {
		if (!is_of_program(following, event->code))
			return 0;
		following->handler_frame = event->frame;
		return plant(following, false);
	}
	if (!is_call && event->frame == following->handler_frame)
		return 0;
	if (!is_call && !following->handler_frame)
		return 0;
	(void)read_chain(following, thread, following->handler_frame, &has, &bottom);
	if (bottom == following->bottom_code || (following->handler_frame && has))
		return 0;
	following->handler_frame = 0;
	return plant(following, true);
}

static void add(struct cleanup_course *course, const struct cleanup_event *event)
{
	alloc_grow((void **)&course->events, course->count, &course->capacity,
		   sizeof(*course->events));
	course->events[course->count++] = *event;
}

/* The instruction that starts where the copy stands; code -1: none. */
static int read_event(struct following *following, uint64_t *thread, struct cleanup_event *event)
{
	struct walker *walker = following->follow.walker;
	struct dispatch_instruction instruction;
	const struct registers *registers;
	int error = walker_registers(walker, &registers);

	event->code = -1;
	if (error)
		return error;
	if (interpreter_thread(following->interpreter, walker->pid, registers, thread) ||
	    dispatch_instruction(following->dispatch, walker->pid, *thread, registers,
				 &instruction)) {
		fail_clear();
		return 0;
	}
	if (instruction.is_again)
		return 0;
	event->frame = instruction.frame;
	event->offset = instruction.offset;
	event->code =
		cleanup_codes_find(following->codes, interpreter_python(following->interpreter),
				   walker->pid, instruction.code, instruction.offset == 0);
	return 0;
}

static int on_breakpoint(void *context)
{
	struct following *following = context;
	struct cleanup_event event;
	uint64_t thread;
	bool was_sparse = following->is_sparse;
	int error;

	look_for_handler(following);
	error = read_event(following, &thread, &event);
	if (error || event.code < 0)
		return error;
	if (following->stops++ == EVENTS_MAX) {
		following->course->unknown = "too much runs after this place to be followed";
		following->follow.is_done = true;
		return 0;
	}
	error = choose_stops(following, thread, &event);
	if (was_sparse && following->is_sparse)
		return error;
	add(following->course, &event);
	return error;
}

static void settle_end(struct following *following)
{
	const struct follow *follow = &following->follow;
	const struct walker *walker = follow->walker;
	struct cleanup_course *course = following->course;

	course->has_ended =
		follow->is_at_exit || walker->end == WALKER_EXITED ||
		(walker->end == WALKER_KILLED && walker->exit_signal == following->signal);
	if (follow->has_threads)
		course->unknown = "it starts a second thread, whose opcodes are not followed";
	else if (follow->has_execed)
		course->unknown = "it executes another program";
	if (course->has_ended)
		look_for_handler(following);
	if (!course->has_handled)
		course->handled_at = course->count;
}

/* Newer versions than 3.10 only: older ones have no such opcode, and print without Python code. */
static void find_bottom(struct following *following)
{
	uint64_t starts[PYTHON_OPCODES];
	const struct registers *registers;
	uint64_t thread;
	bool has;

	if (!dispatch_points_of(following->dispatch, HANDLER_START, starts))
		return;
	if (walker_registers(following->follow.walker, &registers) == 0 &&
	    interpreter_thread(following->interpreter, following->follow.walker->pid, registers,
			       &thread) == 0)
		(void)read_chain(following, thread, 0, &has, &following->bottom_code);
	fail_clear();
}

static int drive(void *context, struct walker *follower, const struct trial *trial)
{
	struct following *following = context;
	int error = 0;

	following->follow.walker = follower;
	find_bottom(following);
	following->was_blocked = trial->delivery == DELIVERY_BLOCKED;
	/* Where it stands already no breakpoint stops it; a handler returns to it. */
	if ((!following->undisturbed || following->was_blocked) &&
	    trial->boundary->phase == PHASE_AT &&
	    dispatch_is_point(following->dispatch, follower->pc))
		error = on_breakpoint(following);
	if (!error)
		error = plant(following, false);
	if (!error)
		error = follow_run(&following->follow);
	if (!error)
		settle_end(following);
	return error;
}

int cleanup_follow(struct stage *stage, const struct boundary *boundary, struct dispatch *dispatch,
		   struct cleanup_codes *codes, const struct cleanup_course *undisturbed,
		   struct cleanup_course *course)
{
	struct following following = {.course = course,
				      .undisturbed = undisturbed,
				      .interpreter = stage->interpreter,
				      .dispatch = dispatch,
				      .codes = codes,
				      .signal = stage->scenario->signal};
	const struct retrace retrace = {.with_signal = undisturbed,
					.limit = stage->baseline->trial_limit,
					.drive = drive,
					.context = &following};
	int error;

	memset(course, 0, sizeof(*course));
	following.follow.context = &following;
	following.follow.on_breakpoint = on_breakpoint;
	if (undisturbed && python_tripped_at(interpreter_python(stage->interpreter),
					     following.signal, &following.tripped_at)) {
		course->unknown = "Python's table of signal handlers was not found";
		return 0;
	}
	dispatch_forget(dispatch);
	error = retrace_run(&retrace, stage, boundary);
	if (!error && !following.follow.walker && boundary->phase == PHASE_DURING)
		course->unknown = "the signal is blocked while the program sleeps in a system "
				  "call, and where it is let in was not followed";
	return error;
}

void cleanup_course_free(struct cleanup_course *course)
{
	free(course->events);
	memset(course, 0, sizeof(*course));
}
