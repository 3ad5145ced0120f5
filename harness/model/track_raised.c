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
#define CHAIN_MAX 6 /* exceptions that hold one another, with two links each */

static const struct python *python_of(const struct track *track)
{
	return interpreter_python(track->interpreter);
}

/* The name of the opcode that a frame notes as its instruction. */
static const char *opcode_of(const struct track *track, const struct python_bare_frame *frame)
{
	uint64_t address;
	uint8_t opcode;

	if (python_read_instruction(python_of(track), track->pid, frame->code, frame->offset,
				    &address, &opcode))
		return "";
	return python_opcode_name(python_of(track), opcode);
}

/* Is the frame at an opcode that calls no C code which could drop an exception? Up to 3.10 signals
 * are looked at between two opcodes, whichever they are. */
static bool is_by_loop(const struct track *track, const struct python_bare_frame *frame)
{
	static const char *const names[] = {"RESUME", "JUMP_BACKWARD", "RERAISE"};
	const char *name = opcode_of(track, frame);

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
	return python_has_handler(python_of(track), track->pid, frame->code, frame->offset);
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
				python_instruction_word(python_of(track), frame->address), frame);
		track->frames_left += error != 0;
	}
}

/* Do the frames lead to a script? Those of a greenlet do not: what leaves its outermost frame goes
 * on in other frames, when it has been switched to them. */
static bool is_apart(struct track *track)
{
	const struct python_bare_frame *outermost;
	const struct interpreter_place *place;
	const char *name;

	if (!track->frame_count || track->frame_count == TRACK_FRAMES)
		return false;
	outermost = &track->frames[track->frame_count - 1];
	place = track_place(track, outermost, outermost->offset);
	name = place ? strrchr(place->place, ':') : NULL;
	return name && strcmp(name, ":<module>") != 0;
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
	if (!is_asked && !track->frames_left && track->watch_count == 1)
		track_drop_exception(track);
	if (!track->frames_left || is_asked || track->is_stepped)
		return;
	track_watch_none(track);
	if (!track_watch_exception(track))
		return;
	watch_frames(track);
	if (track->watch_count == 1)
		track_give_up(track, "all watchpoints of the CPU are taken");
}

static bool read_handled(const struct track *track, uint64_t *value)
{
	struct python_word word;

	return python_handled_word(python_of(track), track->pid, track->thread, &word) == 0 &&
	       memory_read(track->pid, word.address, value, sizeof(*value)) == 0;
}

void track_raise(struct track *track)
{
	track->state = TRACK_RAISED;
	track->handled = 0;
	track->is_taken = false;
	track->is_other = false;
	if (!read_handled(track, &track->handled_before))
		track->handled_before = 0;
	watch_way_out(track);
}

static bool is_same(const struct python_bare_frame *left, const struct python_bare_frame *right)
{
	return left->address == right->address && left->code == right->code;
}

static bool is_watched(const struct track *track, const struct python_bare_frame *frame)
{
	for (size_t i = 0; i < track->watch_count; i++)
		if (track->watches[i].what == TRACK_ON_FRAME &&
		    is_same(&track->watches[i].frame, frame))
			return true;
	return false;
}

/* Is it the class that was raised which is set anew? */
static bool is_ours_again(const struct track *track)
{
	struct python_exception exception;

	return python_current_exception(python_of(track), track->pid, track->thread, &exception) ==
		       0 &&
	       strcmp(exception.type_name, track->exception) == 0;
}

/*
 * Much comes up and is caught while the exception is put aside: when "Exception ignored in" is
 * printed by Python code, for one. The frames are watched on; what goes on in its place would be
 * known by then.
 */
static bool has_seen_enough(struct track *track)
{
	if (track->hits < EXCEPTION_HITS || track->frames_left || track->on_taken ||
	    track->is_apart)
		return false;
	track_drop_exception(track);
	track->is_other = false;
	track->at = NULL;
	return true;
}

static void on_exception(struct track *track)
{
	struct python_bare_frame now;
	bool was_other;
	uint64_t value;

	if (has_seen_enough(track))
		return;

	if (!track_is_raised(track, &value)) {
		/* What is raised and taken after it, as while it is printed, is not it. */
		if (!track->is_taken && track->on_taken)
			track->on_taken(track->context);
		track->is_taken = true;
		/* The interpreter has it, to print it: what comes up from now on is not it. */
		track_read_frames(track);
		if (!track->frame_count)
			track_watch_none(track);
		return;
	}
	was_other = track->is_other;
	track->is_other = !is_ours_again(track);
	if (track->is_other && !track->is_taken && track->on_taken)
		track->on_taken(track->context);
	track->is_taken = track->is_other;
	if (track->is_other && !was_other && track_read_innermost(track, &now))
		track->at = track_place(track, &now, now.offset);
	if (!track->frames_left && !track->is_apart)
		return;
	track_read_frames(track);
	if (track->frame_count && !is_watched(track, &track->frames[0]) && can_go_on(track, 0))
		watch_way_out(track);
}

/* Is it an object of the class that was raised? Where that is not known, it is now. */
static bool is_ours(struct track *track, uint64_t value)
{
	char name[sizeof(track->exception)];

	if (!value || python_type_name(python_of(track), track->pid, value, name, sizeof(name)))
		return false;
	if (!*track->exception)
		memcpy(track->exception, name, sizeof(name));
	return strcmp(name, track->exception) == 0;
}

/* Does an exception hold one of the class that was raised, as what it came up after, at most
 * `depth` links away? */
static bool is_chained(struct track *track, uint64_t value, int depth)
{
	uint64_t links[2];

	if (!value || !depth || python_chained(python_of(track), track->pid, value, links))
		return false;
	for (size_t i = 0; i < 2; i++)
		if (is_ours(track, links[i]) || is_chained(track, links[i], depth - 1))
			return true;
	return false;
}

/*
 * A clause handles `value`, which is another exception. Python code that had put it in place of
 * this one would have been seen to handle this one, since frames are watched from the innermost on:
 * it was C code, which either holds on to this one in the other (as its cause) or has lost it.
 */
static void replace(struct track *track, uint64_t value)
{
	const bool is_lost = !track->is_apart && !is_chained(track, value, CHAIN_MAX);

	if (!track->is_other)
		track->at = track_place(track, &track->home, track->home.offset);
	track_finish(track, is_lost ? WENT_SWALLOWED : WENT_REPLACED);
}

/* A clause of `frame` begins; from 3.11 on its first instruction has yet to say what it handles. */
static void begin_clause(struct track *track, const struct python_bare_frame *frame,
			 uint64_t handled)
{
	struct python_word word;

	track_watch_none(track);
	track->state = TRACK_CLAUSE;
	track->home = *frame;
	track->clause_start = frame->offset;
	track->clause_at = frame->offset;
	track->handled = handled;
	if (python_handled_word(python_of(track), track->pid, track->thread, &word))
		track_give_up(track, "the thread's state cannot be read");
	else
		(void)track_must_watch(track, TRACK_ON_HANDLED, word, NULL);
}

/* The exception is raised again by the frame: wait until it is. */
static void expect_raised(struct track *track, const struct python_bare_frame *frame)
{
	track_watch_none(track);
	track->home = *frame;
	track->state = TRACK_RERAISED;
	(void)track_watch_exception(track);
}

static void swallow(struct track *track, const struct python_bare_frame *frame)
{
	track->at = track_place(track, frame, frame->offset);
	track_finish(track, WENT_SWALLOWED);
}

/* Up to 3.10 the exception counts as handled before the handler's first instruction. */
static void go_on_with_blocks(struct track *track, const struct python_bare_frame *before,
			      const struct python_bare_frame *now)
{
	uint64_t handled;

	if (!read_handled(track, &handled) || handled == track->handled_before || !handled) {
		swallow(track, before);
	} else if (is_ours(track, handled)) {
		begin_clause(track, now, handled);
	} else {
		track->home = *now;
		replace(track, handled);
	}
}

/* A frame executes its next instruction: the exception is over, or at a handler. */
static void go_on(struct track *track, const struct python_bare_frame *before)
{
	struct python_bare_frame now;

	if (!track_read_innermost(track, &now) || !is_same(before, &now)) {
		track_drop_watch(track, before);
		return;
	}
	if (python_has_blocks(python_of(track)))
		go_on_with_blocks(track, before, &now);
	else if (strcmp(opcode_of(track, &now), "PUSH_EXC_INFO") == 0)
		begin_clause(track, &now, 0);
	else if (python_is_handler(python_of(track), track->pid, now.code, now.offset))
		expect_raised(track, &now); /* only cleans up: none of them keeps an exception */
	else
		swallow(track, before);
}

/* Is what the clause took still there? Its memory may be another object's by now. */
static bool is_alive(struct track *track)
{
	int64_t count;
	bool is_immortal;

	return python_refcount(python_of(track), track->pid, track->handled, &count,
			       &is_immortal) == 0 &&
	       count > 0 && is_ours(track, track->handled);
}

/*
 * A clause without a class is over. What it took may have been put away, to be raised later: as
 * contextlib.ExitStack does with what comes up while it closes.
 */
static void keep(struct track *track)
{
	track_watch_none(track);
	track->state = TRACK_KEPT;
	if (!is_alive(track))
		track_finish(track, WENT_BARE_EXCEPT);
	else
		(void)track_watch_exception(track);
}

static void on_kept(struct track *track)
{
	uint64_t value;

	if (!is_alive(track)) {
		track_finish(track, WENT_BARE_EXCEPT);
		return;
	}
	if (!track_is_raised(track, &value) || value != track->handled)
		return;
	track->at = NULL;
	track_read_frames(track);
	track_raise(track);
}

/* The clause has gone: how does it count? */
static void end_clause(struct track *track, bool is_by_exception)
{
	const enum python_clause clause =
		python_clause_of(python_of(track), track->pid, track->home.code,
				 track->clause_start, track->clause_at);

	track->at = track_place(track, &track->home, track->clause_at);
	if (clause == PYTHON_CLAUSE_UNKNOWN)
		track_give_up(track, "the clause that handles the exception is not understood");
	else if (clause == PYTHON_CLAUSE_TYPED)
		track_finish(track, WENT_CAUGHT);
	else if (is_by_exception)
		track_finish(track, WENT_REPLACED);
	else if (clause == PYTHON_CLAUSE_WITH)
		track_finish(track, WENT_CAUGHT);
	else
		keep(track);
}

/*
 * The clause is left by an exception: the one that it had, or another one? The frame notes the
 * instruction that has raised it; from 3.11 on RERAISE has put it back.
 */
static void raise_again(struct track *track, uint64_t value, int offset)
{
	if (value != track->handled) {
		track->clause_at = offset;
		end_clause(track, true);
		return;
	}
	track_read_frames(track);
	track_raise(track);
}

/*
 * What is being handled has changed. Clauses within the clause, and in what it calls, put theirs
 * over it and take it away again; its own is over at its POP_EXCEPT, or, up to 3.10, when an
 * exception leaves its block.
 */
static void on_handled(struct track *track)
{
	struct python_bare_frame now;
	uint64_t handled;
	uint64_t value;

	if (!read_handled(track, &handled) || !track_read_innermost(track, &now))
		return;
	if (!track->handled) {
		track->handled = handled;
		if (!is_ours(track, handled))
			replace(track, handled);
		return;
	}
	if (handled == track->handled || !is_same(&track->home, &now))
		return;
	if (python_has_blocks(python_of(track)) && track_is_raised(track, &value)) {
		raise_again(track, value, now.offset);
		return;
	}
	if (strcmp(opcode_of(track, &now), "POP_EXCEPT") != 0)
		return;
	track->clause_at = now.offset;
	if (python_has_blocks(python_of(track))) {
		end_clause(track, false);
		return;
	}
	track_watch_none(track);
	track->state = TRACK_LEFT;
	(void)track_watch_frame(track, &track->home);
}

static void on_left(struct track *track)
{
	struct python_bare_frame now;

	if (!track_read_innermost(track, &now) || !is_same(&track->home, &now))
		return;
	if (strcmp(opcode_of(track, &now), "RERAISE") == 0)
		expect_raised(track, &now);
	else
		end_clause(track, false);
}

static void on_reraised(struct track *track)
{
	struct python_bare_frame now;
	uint64_t value;

	if (!track_is_raised(track, &value) || !track_read_innermost(track, &now) ||
	    !is_same(&track->home, &now))
		return;
	if (track->handled) {
		raise_again(track, value, now.offset);
		return;
	}
	track_read_frames(track);
	track_raise(track);
}

void track_hit_raised(struct track *track, const struct track_watch *watch)
{
	if (track->state == TRACK_RAISED && watch->what == TRACK_ON_FRAME)
		go_on(track, &watch->frame);
	else if (track->state == TRACK_RAISED)
		on_exception(track);
	else if (track->state == TRACK_CLAUSE)
		on_handled(track);
	else if (track->state == TRACK_LEFT)
		on_left(track);
	else if (track->state == TRACK_KEPT)
		on_kept(track);
	else
		on_reraised(track);
}

bool track_is_in_typed_clause(struct track *track)
{
	track_read_frames(track);
	for (size_t n = 0; n < track->frame_count; n++)
		if (is_same(&track->home, &track->frames[n])) {
			track->clause_at = track->frames[n].offset;
			track->at = track_place(track, &track->home, track->clause_at);
			return python_clause_of(python_of(track), track->pid, track->home.code,
						track->clause_start,
						track->clause_at) == PYTHON_CLAUSE_TYPED;
		}
	return false;
}
