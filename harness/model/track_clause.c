/* SPDX-License-Identifier: MIT */
/*
 * A clause that handles an exception: which one it is, and how it counts when it is over. It may
 * raise the exception again, at once or later.
 */
#include "harness/model/track_private.h"

#include <string.h>

/* A clause of `frame` begins; from 3.11 on its first instruction has yet to say what it handles. */
void track_begin_clause(struct track *track, const struct python_bare_frame *frame,
			uint64_t handled)
{
	struct python_word word;

	track_watch_none(track);
	track->state = TRACK_CLAUSE;
	track->home = *frame;
	track->clause_start = frame->offset;
	track->clause_at = frame->offset;
	track->handled = handled;
	if (python_handled_word(interpreter_python(track->interpreter), track->pid, track->thread,
				&word))
		track_give_up(track, "the thread's state cannot be read");
	else
		(void)track_must_watch(track, TRACK_ON_HANDLED, word, NULL);
}

/* The exception is raised again by the frame: wait until it is. */
void track_expect_raised(struct track *track, const struct python_bare_frame *frame)
{
	track_watch_none(track);
	track->home = *frame;
	track->state = TRACK_RERAISED;
	(void)track_watch_exception(track);
}

/* Is what the clause took still there? Its memory may be another object's by now. */
static bool is_alive(struct track *track)
{
	int64_t count;
	bool is_immortal;

	return python_refcount(interpreter_python(track->interpreter), track->pid, track->handled,
			       &count, &is_immortal) == 0 &&
	       count > 0 && track_is_ours(track, track->handled);
}

/*
 * A clause is over and has taken the exception, or C code has. Somebody may have put it away, to
 * raise it later: as contextlib.ExitStack does with what comes up while it closes, and a future or
 * task with what its work has raised. Where each instruction costs time, that is not waited for if
 * the clause asked for it.
 */
void track_keep(struct track *track, enum went_kind kind)
{
	struct python_word word =
		python_exception_word(interpreter_python(track->interpreter), track->thread);

	track_watch_none(track);
	track->state = TRACK_KEPT;
	track->kept_as = kind;
	if (!is_alive(track) || (kind == WENT_CAUGHT && track->is_stepped))
		track_finish(track, kind);
	else if (kind == WENT_CAUGHT && track_watch(track, TRACK_ON_EXCEPTION, word, NULL))
		track_finish(track, kind);
	else if (kind != WENT_CAUGHT)
		(void)track_watch_exception(track);
}

static void on_kept(struct track *track)
{
	uint64_t value;

	if (!is_alive(track)) {
		track_finish(track, track->kept_as);
		return;
	}
	if (!track_is_raised(track, &value) || value != track->handled)
		return;
	/* Who drops a name at the clause's end may have freed it: it has come by a frame, a new one
	 * in its memory has not. */
	if (!python_has_traceback(interpreter_python(track->interpreter), track->pid, value)) {
		track_finish(track, track->kept_as);
		return;
	}
	track->at = NULL;
	track_read_frames(track);
	track_raise(track);
}

/* The clause has gone: how does it count? */
static void end_clause(struct track *track, bool is_by_exception)
{
	const enum python_clause clause =
		python_clause_of(interpreter_python(track->interpreter), track->pid,
				 track->home.code, track->clause_start, track->clause_at);

	track->at = track_place(track, &track->home, track->clause_at);
	if (clause == PYTHON_CLAUSE_UNKNOWN)
		track_give_up(track, "the clause that handles the exception is not understood");
	else if (is_by_exception)
		track_finish(track, clause == PYTHON_CLAUSE_TYPED ? WENT_CAUGHT : WENT_REPLACED);
	else if (clause == PYTHON_CLAUSE_TYPED || clause == PYTHON_CLAUSE_WITH)
		track_keep(track, WENT_CAUGHT);
	else
		track_keep(track, WENT_BARE_EXCEPT);
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

	if (!track_read_handled(track, &handled) || !track_read_innermost(track, &now))
		return;
	if (!track->handled) {
		track->handled = handled;
		if (!track_is_ours(track, handled))
			(void)track_replace(track, handled);
		return;
	}
	if (handled == track->handled || !track_is_same(&track->home, &now))
		return;
	if (python_has_blocks(interpreter_python(track->interpreter)) &&
	    track_is_raised(track, &value)) {
		raise_again(track, value, now.offset);
		return;
	}
	if (strcmp(track_opcode(track, &now), "POP_EXCEPT") != 0)
		return;
	track->clause_at = now.offset;
	if (python_has_blocks(interpreter_python(track->interpreter))) {
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

	if (!track_read_innermost(track, &now) || !track_is_same(&track->home, &now))
		return;
	if (strcmp(track_opcode(track, &now), "RERAISE") == 0)
		track_expect_raised(track, &now);
	else
		end_clause(track, false);
}

static void on_reraised(struct track *track)
{
	struct python_bare_frame now;
	uint64_t value;

	if (!track_is_raised(track, &value) || !track_read_innermost(track, &now) ||
	    !track_is_same(&track->home, &now))
		return;
	if (track->handled) {
		raise_again(track, value, now.offset);
		return;
	}
	track_read_frames(track);
	track_raise(track);
}

void track_hit_clause(struct track *track)
{
	if (track->state == TRACK_CLAUSE)
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
		if (track_is_same(&track->home, &track->frames[n])) {
			track->clause_at = track->frames[n].offset;
			track->at = track_place(track, &track->home, track->clause_at);
			return python_clause_of(interpreter_python(track->interpreter), track->pid,
						track->home.code, track->clause_start,
						track->clause_at) == PYTHON_CLAUSE_TYPED;
		}
	return false;
}
