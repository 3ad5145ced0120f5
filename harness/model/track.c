/* SPDX-License-Identifier: MIT */
/* See track.h. What happens once the exception is on its way is in track_raised.c. */
#include "harness/model/track_private.h"

#include "harness/kernel/memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HITS_MAX 2000      /* stops for one trial: hundreds of frames pass an exception on */
#define HITS_MAX_ALL 20000 /* where every exception is watched */

const char *went_text(enum went_kind kind)
{
	static const char *const names[] = {
#define X(name, text) [WENT_##name] = text,
		WENT_LIST(X)
#undef X
	};

	return names[kind];
}

void track_watch_none(struct track *track)
{
	while (track->watch_count)
		track->unwatch(track->context, track->watches[--track->watch_count].slot);
}

/* What becomes of another exception, of which nobody can tell that it was this one. */
static enum went_kind as_replaced(enum went_kind kind)
{
	switch (kind) {
	case WENT_CAUGHT:
	case WENT_BARE_EXCEPT:
		return WENT_SWALLOWED;
	case WENT_UNCAUGHT:
		return WENT_REPLACED;
	default:
		return kind;
	}
}

void track_finish(struct track *track, enum went_kind kind)
{
	track_watch_none(track);
	track->kind = kind;
	if (track->is_replaced) {
		track->kind = as_replaced(kind);
		track->at = track->replaced_at;
	}
	track->state = TRACK_DONE;
	if (kind == WENT_RETURNED) { /* what it raised it has caught */
		*track->exception = '\0';
		track->raised = NULL;
	}
}

void track_give_up(struct track *track, const char *reason)
{
	snprintf(track->reason, sizeof(track->reason), "%s", reason);
	track_finish(track, WENT_UNKNOWN);
}

int track_watch(struct track *track, enum track_word what, struct python_word word,
		const struct python_bare_frame *frame)
{
	struct track_watch *watch = &track->watches[track->watch_count];
	int error = track->watch_count < TRACK_WATCHES
			    ? track->watch(track->context, word, &watch->slot)
			    : -EBUSY;

	if (error)
		return error;
	watch->what = what;
	if (frame)
		watch->frame = *frame;
	track->watch_count++;
	return 0;
}

/* Watches one word more, or gives up. False: given up. */
bool track_must_watch(struct track *track, enum track_word what, struct python_word word,
		      const struct python_bare_frame *frame)
{
	int error = track_watch(track, what, word, frame);

	if (error == -EBUSY)
		track_give_up(track, "all watchpoints of the CPU are taken");
	else if (error == -ENOTSUP)
		track_give_up(track, "this machine has no watchpoints");
	else if (error)
		track_give_up(track, "a watchpoint could not be set");
	return !error;
}

static void drop(struct track *track, size_t n)
{
	track->unwatch(track->context, track->watches[n].slot);
	track->watches[n] = track->watches[--track->watch_count];
}

void track_drop_watch(struct track *track, const struct python_bare_frame *frame)
{
	for (size_t i = 0; i < track->watch_count; i++)
		if (track->watches[i].what == TRACK_ON_FRAME &&
		    track->watches[i].frame.address == frame->address) {
			drop(track, i);
			return;
		}
}

void track_drop_exception(struct track *track)
{
	for (size_t i = 0; i < track->watch_count; i++)
		if (track->watches[i].what == TRACK_ON_EXCEPTION) {
			drop(track, i);
			return;
		}
}

const struct interpreter_place *track_place(struct track *track,
					    const struct python_bare_frame *frame, int offset)
{
	return interpreter_place_of(track->interpreter, track->pid, frame, offset);
}

/* Reads the frames as they are now; none where there are none or they cannot be read. */
void track_read_frames(struct track *track)
{
	const ssize_t count = python_bare_frames(interpreter_python(track->interpreter), track->pid,
						 track->thread, track->frames, TRACK_FRAMES);

	track->frame_count = count > 0 ? (size_t)count : 0;
}

bool track_read_innermost(const struct track *track, struct python_bare_frame *frame)
{
	return python_bare_frames(interpreter_python(track->interpreter), track->pid, track->thread,
				  frame, 1) == 1;
}

bool track_is_raised(const struct track *track, uint64_t *value)
{
	bool is_raised;

	*value = 0;
	return python_is_raised(interpreter_python(track->interpreter), track->pid, track->thread,
				&is_raised, value) == 0 &&
	       is_raised;
}

bool track_watch_exception(struct track *track)
{
	return track_must_watch(
		track, TRACK_ON_EXCEPTION,
		python_exception_word(interpreter_python(track->interpreter), track->thread), NULL);
}

bool track_watch_frame(struct track *track, const struct python_bare_frame *frame)
{
	return track_must_watch(
		track, TRACK_ON_FRAME,
		python_instruction_word(interpreter_python(track->interpreter), frame->address),
		frame);
}

bool track_is_pending(const struct track *track)
{
	struct python_word word;
	int32_t value;

	return python_signal_word(interpreter_python(track->interpreter), track->signal, &word) ==
		       0 &&
	       memory_read(track->pid, word.address, &value, sizeof(value)) == 0 && value;
}

static void on_signal_word(struct track *track)
{
	int32_t value;
	struct python_word word;

	if (python_signal_word(interpreter_python(track->interpreter), track->signal, &word) ||
	    memory_read(track->pid, word.address, &value, sizeof(value)))
		return;
	if (track->state == TRACK_SIGNAL && value)
		track->state = TRACK_PENDING;
	else if (track->state == TRACK_PENDING && !value)
		track_enter_handler(track);
}

static void on_hit(struct track *track, const struct track_watch *watch)
{
	switch (track->state) {
	case TRACK_SIGNAL:
	case TRACK_PENDING:
		on_signal_word(track);
		break;
	case TRACK_HANDLER:
		track_hit_handler(track, watch);
		break;
	case TRACK_POLLED:
		track_hit_polled(track, watch);
		break;
	case TRACK_RAISED:
		track_hit_raised(track, watch);
		break;
	case TRACK_CLAUSE:
	case TRACK_LEFT:
	case TRACK_RERAISED:
	case TRACK_KEPT:
		track_hit_clause(track);
		break;
	case TRACK_OFF:
	case TRACK_DONE:
		break;
	}
}

void track_begin(struct track *track, uint64_t thread)
{
	struct python_word word;

	track->thread = thread;
	track->state = TRACK_SIGNAL;
	if (python_signal_word(interpreter_python(track->interpreter), track->signal, &word))
		track_give_up(track, fail_text());
	else
		(void)track_must_watch(track, TRACK_ON_SIGNAL, word, NULL);
}

void track_hit(struct track *track, unsigned int slots)
{
	if (track->hits++ == (track->on_taken ? HITS_MAX_ALL : HITS_MAX)) {
		if (track->state == TRACK_KEPT) {
			track_finish(track, track->kept_as);
			return;
		}
		track_give_up(track, "it changes more often than can be followed");
		return;
	}
	/* What is watched changes with each hit; one instruction writes one of the words. */
	for (size_t i = 0; i < track->watch_count; i++)
		if (slots & 1U << track->watches[i].slot) {
			const struct track_watch watch = track->watches[i];

			on_hit(track, &watch);
			break;
		}
	fail_clear();
}

/* The process is over, and the exception was on its way. */
static void end_raised(struct track *track, enum track_end end)
{
	track_finish(track, WENT_UNCAUGHT);
	/* A script's own frames are left for the interpreter, which ends by it, in whatever way: a
	 * hook may have the program end as it does without. */
	if (!track->is_apart && track->outermost)
		end = TRACK_END_OTHER;
	if (track->is_replaced) {
		track->kind = end == TRACK_END_SAME ? WENT_SWALLOWED : WENT_REPLACED;
		return;
	}
	if (track->is_other && end != TRACK_END_SAME) {
		track->kind = WENT_REPLACED;
		return;
	}
	/* Nobody was there to catch it, and yet all is well: C code has dropped it, but for
	 * sys.exit(), which may well ask for the end that it has anyway. */
	if (end != TRACK_END_OTHER && !(track->is_exit && !track->is_other))
		track->kind = WENT_SWALLOWED;
	if (!track->is_other)
		track->at = track->kind == WENT_SWALLOWED ? track->outermost : NULL;
}

void track_end(struct track *track, bool is_readable, enum track_end end)
{
	track->watch_count = 0;
	switch (track->state) {
	case TRACK_SIGNAL:
		track_finish(track, WENT_NOT_ENTERED);
		break;
	case TRACK_PENDING:
		track_finish(track, WENT_PENDING);
		break;
	case TRACK_HANDLER:
		if (track->home.address)
			track_finish(track, WENT_UNFINISHED);
		else if (track->was_raised) /* nobody has taken it */
			end_raised(track, end);
		else
			track_finish(track, WENT_RETURNED);
		break;
	case TRACK_POLLED:
		track_finish(track, WENT_UNFINISHED);
		break;
	case TRACK_RAISED:
		end_raised(track, end);
		break;
	case TRACK_CLAUSE:
	case TRACK_LEFT:
	case TRACK_RERAISED:
		track_finish(track, is_readable && track_is_in_typed_clause(track)
					    ? WENT_CAUGHT
					    : WENT_UNFINISHED);
		break;
	case TRACK_KEPT:
		track_finish(track, track->kept_as);
		break;
	case TRACK_OFF:
	case TRACK_DONE:
		break;
	}
}
