/* SPDX-License-Identifier: MIT */
/*
 * An exception on its way out. It ends where a Python frame goes on: in a handler, or, when C code
 * has dropped it, anywhere else. So the frames that can go on are watched, the innermost first:
 * those with a handler, and those that have called C code. Where the memory of a frame is written
 * that is not the innermost one, the frame was left and its memory is used anew.
 */
#include "harness/model/track_private.h"

#include "harness/kernel/memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EXCEPTION_HITS 100
#define HITS_WITHIN 20000 /* from 3.14 on Python code prints "Exception ignored in" */
#define CHAIN_MAX 6       /* exceptions that hold one another, with two links each */

/* The name of the opcode that a frame notes as its instruction. */
const char *track_opcode(const struct track *track, const struct python_bare_frame *frame)
{
	uint64_t address;
	uint8_t opcode;

	if (python_read_instruction(interpreter_python(track->interpreter), track->pid, frame->code,
				    frame->offset, &address, &opcode))
		return "";
	return python_opcode_name(interpreter_python(track->interpreter), opcode);
}

/* Is the frame at an opcode that calls no C code which could drop an exception? Up to 3.10 signals
 * are looked at between two opcodes, whichever they are. */
static bool is_by_loop(const struct track *track, const struct python_bare_frame *frame)
{
	static const char *const names[] = {"RESUME", "JUMP_BACKWARD", "RERAISE"};
	const char *name = track_opcode(track, frame);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Can the n-th frame go on? */
static bool can_go_on(const struct track *track, size_t n)
{
	const struct python_bare_frame *frame = &track->frames[n];

	if (n == 0 ? !is_by_loop(track, frame) : track->frames[n - 1].is_entry)
		return true;
	return python_has_handler(interpreter_python(track->interpreter), track->pid, frame->code,
				  frame->offset);
}

/* Watches frames from the innermost on, as many as slots are left: those that could not be are
 * frames_left. */
static void watch_frames(struct track *track)
{
	int error = 0;

	track->frames_left = 0;
	for (size_t n = 0; n < track->frame_count; n++) {
		const struct python_bare_frame *frame = &track->frames[n];

		if (!can_go_on(track, n))
			continue;
		if (!error)
			error = track_watch(
				track, TRACK_ON_FRAME,
				python_instruction_word(interpreter_python(track->interpreter),
							frame->address),
				frame);
		track->frames_left += error != 0;
	}
	track->is_deep = track->frame_count == TRACK_FRAMES;
}

/* Are there frames that have to be watched when the exception comes to them? */
static bool has_more(const struct track *track)
{
	return track->frames_left || track->is_deep;
}

/* Do the frames lead to a script? Those of a greenlet do not: what leaves its outermost frame goes
 * on in other frames, when it has been switched to them. */
static bool is_apart(struct track *track)
{
	const struct python_bare_frame *outermost;
	const struct interpreter_place *place;
	const char *name;

	track->outermost = NULL;
	if (!track->frame_count || track->frame_count == TRACK_FRAMES)
		return false;
	outermost = &track->frames[track->frame_count - 1];
	place = track_place(track, outermost, outermost->offset);
	track->outermost = place;
	name = place ? strrchr(place->place, ':') : NULL;
	/* `python -m` and what is in an archive are started by runpy (Lib/runpy.py). */
	return name && strcmp(name, ":<module>") != 0 && strcmp(name, ":_run_module_as_main") != 0;
}

/* Is there C code between the frames? It may put another exception in the place of this one. */
static bool calls_through_c(const struct track *track)
{
	for (size_t n = 1; n < track->frame_count; n++)
		if (track->frames[n - 1].is_entry)
			return true;
	return false;
}

/*
 * Where there are more frames than slots, one is for the exception: it is set again in each frame
 * that it passes, and the next ones can be watched. So it is where the frames stand apart, or where
 * it passes C code.
 */
static void watch_way_out(struct track *track)
{
	bool is_asked;

	track_watch_none(track);
	track->is_apart = is_apart(track);
	is_asked = track->on_taken || track->is_apart || calls_through_c(track);
	if ((is_asked || track->is_stepped) && !track_watch_exception(track))
		return;
	watch_frames(track);
	/* It was for the frames' sake. */
	if (!is_asked && !has_more(track) && track->watch_count == 1)
		track_drop_exception(track);
	if (!has_more(track) || is_asked || track->is_stepped)
		return;
	track_watch_none(track);
	if (!track_watch_exception(track))
		return;
	watch_frames(track);
	if (track->watch_count == 1 && track->frames_left)
		track_give_up(track, "all watchpoints of the CPU are taken");
}

bool track_read_handled(const struct track *track, uint64_t *value)
{
	struct python_word word;

	return python_handled_word(interpreter_python(track->interpreter), track->pid,
				   track->thread, &word) == 0 &&
	       memory_read(track->pid, word.address, value, sizeof(*value)) == 0;
}

/* The object that is on its way, where there is one: up to 3.11 C code raises a class. */
static void note_object(struct track *track, uint64_t value)
{
	if (track_is_ours(track, value))
		track->object = value;
}

void track_raise(struct track *track)
{
	uint64_t value;

	if (!track->is_replaced)
		memcpy(track->followed, track->exception, sizeof(track->followed));
	track->state = TRACK_RAISED;
	track->handled = 0;
	track->is_taken = false;
	track->is_other = false;
	if (track_is_raised(track, &value))
		note_object(track, value);
	if (!track_read_handled(track, &track->handled_before))
		track->handled_before = 0;
	watch_way_out(track);
}

bool track_is_same(const struct python_bare_frame *left, const struct python_bare_frame *right)
{
	return left->address == right->address && left->code == right->code;
}

static bool is_watched(const struct track *track, const struct python_bare_frame *frame)
{
	for (size_t i = 0; i < track->watch_count; i++)
		if (track->watches[i].what == TRACK_ON_FRAME &&
		    track_is_same(&track->watches[i].frame, frame))
			return true;
	return false;
}

/* Is it the class that was raised which is set anew? */
static bool is_ours_again(const struct track *track)
{
	struct python_exception exception;

	return python_current_exception(interpreter_python(track->interpreter), track->pid,
					track->thread, &exception) == 0 &&
	       strcmp(exception.type_name, track->followed) == 0;
}

/*
 * Much comes up and is caught while the exception is put aside: when "Exception ignored in" is
 * printed by Python code, for one. The frames are watched on; what goes on in its place would be
 * known by then.
 */
static bool has_seen_enough(struct track *track)
{
	if (track->hits < EXCEPTION_HITS || has_more(track) || track->on_taken || track->is_apart)
		return false;
	track_drop_exception(track);
	track->is_other = false;
	track->at = NULL;
	return true;
}

/*
 * The exception was put aside, by C code that has something to do meanwhile (a destructor to call,
 * a generator to close) or that drops it. What comes up and is caught further in than where that
 * was done is not it.
 */
static bool is_further_in(const struct track *track)
{
	if (!track->is_taken || !track->taken_in.address)
		return false;
	for (size_t n = 1; n < track->frame_count; n++)
		if (track_is_same(&track->frames[n], &track->taken_in))
			return true;
	return false;
}

static void take(struct track *track)
{
	track->is_taken = true;
	track->taken_in =
		track->frame_count ? track->frames[0] : (struct python_bare_frame){.address = 0};
}

void track_taken(struct track *track)
{
	/* What is raised and taken after it, as while it is printed, is not it. */
	if (!track->is_taken && track->on_taken && !track->is_replaced)
		track->on_taken(track->context);
	take(track);
	/* The interpreter has it, to print it: what comes up from now on is not it. */
	if (!track->frame_count)
		track_watch_none(track);
}

void track_on_exception(struct track *track)
{
	struct python_bare_frame now;
	bool was_other;
	uint64_t value;

	if (has_seen_enough(track))
		return;

	track_read_frames(track);
	if (is_further_in(track)) {
		if (track->hits_within++ < HITS_WITHIN)
			track->hits--;
		return;
	}
	if (!track_is_raised(track, &value)) {
		track_taken(track);
		return;
	}
	was_other = track->is_other;
	track->is_other = !is_ours_again(track);
	if (track->is_other && !track->is_taken && track->on_taken && !track->is_replaced)
		track->on_taken(track->context);
	if (track->is_other) {
		take(track);
	} else {
		track->is_taken = false;
		note_object(track, value);
	}
	if (track->is_other && !was_other && track_read_innermost(track, &now))
		track->at = track_place(track, &now, now.offset);
	if (!has_more(track) && !track->is_apart)
		return;
	if (track->frame_count && !is_watched(track, &track->frames[0]) && can_go_on(track, 0))
		watch_way_out(track);
}

/* Is it an object of the class that is on its way? Where that is not known, it is now. */
bool track_is_ours(struct track *track, uint64_t value)
{
	char name[sizeof(track->exception)];

	if (!value || python_type_name(interpreter_python(track->interpreter), track->pid, value,
				       name, sizeof(name)))
		return false;
	if (!*track->exception) {
		memcpy(track->exception, name, sizeof(name));
		memcpy(track->followed, name, sizeof(name));
	}
	return strcmp(name, track->followed) == 0;
}

/* Does an exception hold one of the class that was raised, as what it came up after, at most
 * `depth` links away? */
static bool is_chained(struct track *track, uint64_t value, int depth)
{
	uint64_t links[2];

	if (!value || !depth ||
	    python_chained(interpreter_python(track->interpreter), track->pid, value, links))
		return false;
	for (size_t i = 0; i < 2; i++)
		if (track_is_ours(track, links[i]) || is_chained(track, links[i], depth - 1))
			return true;
	return false;
}

/*
 * A clause handles `value`, which is another exception. Python code that had put it in place of
 * this one would have been seen to handle this one, since frames are watched from the innermost on:
 * it was C code, which either holds on to this one in the other (as its cause) or loses it, where
 * somebody takes the other: that is on its way from here on.
 */
bool track_replace(struct track *track, uint64_t value)
{
	if (!track->is_other)
		track->at = track_place(track, &track->home, track->home.offset);
	if (track->is_apart || is_chained(track, value, CHAIN_MAX) ||
	    python_type_name(interpreter_python(track->interpreter), track->pid, value,
			     track->followed, sizeof(track->followed))) {
		track_finish(track, WENT_REPLACED);
		return false;
	}
	if (!track->is_replaced)
		track->replaced_at = track->at;
	track->is_replaced = true;
	return true;
}

/* C code has dropped it, or put it away, as asyncio's tasks do: those that wait for them raise it
 * again. */
static void swallow(struct track *track, const struct python_bare_frame *frame)
{
	track->at = track_place(track, frame, frame->offset);
	track->handled = track->object;
	if (track->is_other || track->is_replaced)
		track_finish(track, WENT_SWALLOWED);
	else
		track_keep(track, WENT_SWALLOWED);
}

/* Up to 3.10 the exception counts as handled before the handler's first instruction. */
static void go_on_with_blocks(struct track *track, const struct python_bare_frame *before,
			      const struct python_bare_frame *now)
{
	uint64_t handled;

	if (!track_read_handled(track, &handled) || handled == track->handled_before || !handled) {
		swallow(track, before);
	} else if (track_is_ours(track, handled)) {
		track_begin_clause(track, now, handled);
	} else {
		track->home = *now;
		if (track_replace(track, handled))
			track_begin_clause(track, now, handled);
	}
}

/* A frame executes its next instruction: the exception is over, or at a handler. */
static void go_on(struct track *track, const struct python_bare_frame *before)
{
	const struct python *python = interpreter_python(track->interpreter);
	struct python_bare_frame now;
	int is_handler;

	if (!track_read_innermost(track, &now) || !track_is_same(before, &now)) {
		track_drop_watch(track, before);
		return;
	}
	if (python_has_blocks(python)) {
		go_on_with_blocks(track, before, &now);
		return;
	}
	if (strcmp(track_opcode(track, &now), "PUSH_EXC_INFO") == 0) {
		track_begin_clause(track, &now, 0);
		return;
	}
	is_handler = python_is_handler(python, track->pid, now.code, now.offset);
	if (is_handler < 0)
		track_give_up(track, "the exception table of a function is too long to be read");
	else if (is_handler) /* only cleans up: none of them keeps an exception */
		track_expect_raised(track, &now);
	else
		swallow(track, before);
}

void track_hit_raised(struct track *track, const struct track_watch *watch)
{
	if (watch->what == TRACK_ON_FRAME)
		go_on(track, &watch->frame);
	else
		track_on_exception(track);
}
