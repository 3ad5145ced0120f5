/* SPDX-License-Identifier: MIT */
/* See cleanup.h: one course, opcode by opcode. Knows nothing of blocks. */
#include "harness/oracles/cleanup.h"

#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/model/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX 50000 /* a second or two */

struct following {
	struct follow follow;
	struct cleanup_course *course;
	struct interpreter *interpreter;
	struct dispatch *dispatch;
	struct cleanup_codes *codes;
	const struct cleanup_event *first;
	uint64_t tripped_at;
	int signal;
	bool with_signal;
};

/* The signal's mark is gone as soon as the Python handler was called. */
static void look_for_handler(struct following *following)
{
	struct cleanup_course *course = following->course;
	int32_t tripped;

	if (!following->with_signal || course->has_handled)
		return;
	if (memory_read(following->follow.walker->pid, following->tripped_at, &tripped,
			sizeof(tripped)) == 0 &&
	    !tripped) {
		course->has_handled = true;
		course->handled_at = course->count;
	}
}

static void add(struct cleanup_course *course, const struct cleanup_event *event)
{
	alloc_grow((void **)&course->events, course->count, &course->capacity,
		   sizeof(*course->events));
	course->events[course->count++] = *event;
}

static int note(struct following *following)
{
	struct walker *walker = following->follow.walker;
	struct cleanup_course *course = following->course;
	struct dispatch_instruction instruction;
	const struct registers *registers;
	uint64_t thread;
	int error = walker_registers(walker, &registers);
	int code;

	if (error)
		return error;
	look_for_handler(following);
	if (interpreter_thread(following->interpreter, walker->pid, registers, &thread) ||
	    dispatch_instruction(following->dispatch, walker->pid, thread, registers,
				 &instruction)) {
		fail_clear();
		return 0;
	}
	if (instruction.is_again)
		return 0;
	if (course->count == EVENTS_MAX) {
		course->unknown = "too much runs after this place to be followed";
		following->follow.is_done = true;
		return 0;
	}
	code = cleanup_codes_find(following->codes, interpreter_python(following->interpreter),
				  walker->pid, instruction.code, instruction.offset == 0);
	if (code < 0)
		return 0;
	add(course, &(struct cleanup_event){.frame = instruction.frame,
					    .code = code,
					    .offset = instruction.offset});
	return 0;
}

static int on_breakpoint(void *context)
{
	return note(context);
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

static int drive(void *context, struct walker *follower, const struct trial *trial)
{
	struct following *following = context;
	const uint64_t *points;
	size_t count;
	int error = 0;

	following->follow.walker = follower;
	points = dispatch_points(following->dispatch, &count);
	/* Where it stands already no breakpoint stops it, be it that the handler has returned
	 * there: the undisturbed copy tells for both what begins there. */
	if (following->first)
		add(following->course, following->first);
	else if (trial->boundary->phase == PHASE_AT &&
		 dispatch_is_point(following->dispatch, follower->pc))
		error = note(following);
	following->course->starts_at_boundary = following->course->count;
	for (size_t i = 0; !error && i < count; i++)
		error = walker_add_breakpoint(follower, points[i]);
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
	const bool with_signal = undisturbed;
	struct following following = {.course = course,
				      .interpreter = stage->interpreter,
				      .dispatch = dispatch,
				      .codes = codes,
				      .signal = stage->scenario->signal,
				      .with_signal = with_signal};
	const struct retrace retrace = {.with_signal = with_signal,
					.limit = stage->baseline->trial_limit,
					.drive = drive,
					.context = &following};

	memset(course, 0, sizeof(*course));
	if (with_signal && undisturbed->starts_at_boundary)
		following.first = undisturbed->events;
	following.follow.context = &following;
	following.follow.on_breakpoint = on_breakpoint;
	if (with_signal && python_tripped_at(interpreter_python(stage->interpreter),
					     following.signal, &following.tripped_at)) {
		course->unknown = "Python's table of signal handlers was not found";
		return 0;
	}
	dispatch_forget(dispatch);
	return retrace_run(&retrace, stage, boundary);
}

void cleanup_course_free(struct cleanup_course *course)
{
	free(course->events);
	memset(course, 0, sizeof(*course));
}
