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

/* Is the handler the one that CPython installs for SIGINT, which does nothing but to raise? */
static bool is_default_handler(const struct track *track, uint64_t handler)
{
	return handler && handler == interpreter_default_handler(track->interpreter, track->pid);
}

static bool is_python_function(const struct track *track, uint64_t handler)
{
	char name[16];

	return handler &&
	       python_type_name(interpreter_python(track->interpreter), track->pid, handler, name,
				sizeof(name)) == 0 &&
	       (strcmp(name, "function") == 0 || strcmp(name, "method") == 0);
}

/* Who looks for signals while an exception is set has the handler called over it. Nothing may be
 * called then (Objects/call.c, at the assertion in _PyObject_Call(), which asks it of pydebug
 * builds). */
static void note_over(struct track *track)
{
	struct python_exception exception;

	if (python_current_exception(interpreter_python(track->interpreter), track->pid,
				     track->thread, &exception) == 0)
		snprintf(track->over, sizeof(track->over), "%.*s", (int)sizeof(track->over) - 1,
			 exception.type_name);
}

/* The flag was taken back: PyErr_CheckSignals() calls the Python handler. */
static void enter_handler(struct track *track)
{
	uint64_t handler;

	note_over(track);
	track_watch_none(track);
	track_read_frames(track);
	track->home = (struct python_bare_frame){0};
	if (track->frame_count) {
		track->home = track->frames[0];
		track->entered = track_place(track, &track->home, track->home.offset);
	} else if (python_is_finalizing(interpreter_python(track->interpreter), track->pid)) {
		/* It only empties its table of handlers (signalmodule.c, _PySignal_Fini()). */
		track_finish(track, WENT_PENDING);
		return;
	}
	if (python_signal_handler(interpreter_python(track->interpreter), track->pid, track->signal,
				  &handler))
		handler = 0;
	track->is_python = is_python_function(track, handler);
	if (is_default_handler(track, handler)) {
		snprintf(track->exception, sizeof(track->exception), "KeyboardInterrupt");
		track_raise(track);
		return;
	}
	track->state = TRACK_HANDLER;
	if (track_watch_exception(track) && track->home.address)
		(void)track_watch_frame(track, &track->home);
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
		enter_handler(track);
}

/* The class of what is being raised; up to 3.11 it may not be written yet. */
static void name_exception(struct track *track)
{
	struct python_exception exception = {0};

	if (python_current_exception(interpreter_python(track->interpreter), track->pid,
				     track->thread, &exception) == 0)
		memcpy(track->exception, exception.type_name, sizeof(track->exception));
	track->exception[sizeof(track->exception) - 1] = '\0';
	track->is_exit = python_is_derived(interpreter_python(track->interpreter), track->pid,
					   exception.type, "SystemExit");
}

/* In each frame that it passes an exception is taken and put back, for its traceback: what is put
 * back came up further in. */
static void note_raised(struct track *track, uint64_t value)
{
	const struct python_bare_frame *frame = &track->frames[0];

	if (value != track->last_raised || track->last_taken != frame->address)
		track->raised = track_place(track, frame, frame->offset);
	track->last_raised = value;
	track->last_taken = 0;
	name_exception(track);
}

/* Is what was interrupted the innermost again? Nothing, where C code has called the handler outside
 * of all Python frames, as the interpreter does when the script is over. */
static bool is_at_home(const struct track *track)
{
	return track->frame_count ? track->frames[0].address == track->home.address
				  : !track->home.address;
}

/* The interpreter calls a Python function's frame before anything is raised in it, but where it
 * cannot be called (it takes no two arguments, or is too deep): what C code raises afterwards is
 * its own. */
static bool has_returned(struct track *track, uint64_t value)
{
	if (!track->frame_count)
		return value != track->last_raised;
	if (track->was_raised || !track->is_python)
		return false;
	name_exception(track);
	return strcmp(track->exception, "TypeError") != 0 &&
	       strcmp(track->exception, "RecursionError") != 0 &&
	       strcmp(track->exception, "MemoryError") != 0;
}

/* The handler has raised and is gone, or C code has put another exception over what it raised. */
static void leave_handler(struct track *track, uint64_t value)
{
	const bool is_seen = track->was_raised && !(value && value == track->last_raised);

	if (!is_seen)
		name_exception(track);
	track_raise(track);
	if (is_seen && track->state == TRACK_RAISED)
		track_on_exception(track);
}

/* The Python handler raises, and may catch that itself: it is out when the frame that was
 * interrupted is the innermost again. */
static void on_exception_in_handler(struct track *track)
{
	uint64_t value;
	const bool is_raised = track_is_raised(track, &value);

	track_read_frames(track);
	if (!is_raised && track->was_raised && is_at_home(track)) {
		track_raise(track);
		track_take(track);
	} else if (!is_raised) {
		/* Pydebug builds clear what is clear already. */
		track->last_taken =
			track->was_raised && track->frame_count ? track->frames[0].address : 0;
	} else if (is_at_home(track) && has_returned(track, value)) {
		track_finish(track, WENT_RETURNED);
	} else if (is_at_home(track)) {
		leave_handler(track, value);
	} else {
		note_raised(track, value);
	}
	track->was_raised = is_raised;
}

static void on_frame_in_handler(struct track *track)
{
	struct python_bare_frame now;

	if (track_read_innermost(track, &now) && now.address == track->home.address)
		track_finish(track, WENT_RETURNED);
}

static void on_hit(struct track *track, const struct track_watch *watch)
{
	switch (track->state) {
	case TRACK_SIGNAL:
	case TRACK_PENDING:
		on_signal_word(track);
		break;
	case TRACK_HANDLER:
		if (watch->what == TRACK_ON_EXCEPTION)
			on_exception_in_handler(track);
		else
			on_frame_in_handler(track);
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
	if (track->is_replaced) {
		track->kind = end == TRACK_END_SAME ? WENT_SWALLOWED : WENT_REPLACED;
		return;
	}
	if (track->is_other && end != TRACK_END_SAME) {
		track->kind = WENT_REPLACED;
		return;
	}
	/* A script's own frames are left for the interpreter, which ends by it, in whatever way. */
	if (end == TRACK_END_STATUS && !track->is_apart && track->outermost)
		end = TRACK_END_OTHER;
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
