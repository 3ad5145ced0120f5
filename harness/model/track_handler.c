/* SPDX-License-Identifier: MIT */
/*
 * While the Python handler runs. What is raised may be the handler's, which may catch it itself, or
 * come up after it has returned, in the C code that has looked for signals: PyObject_Repr() does
 * that first and then calls __repr__().
 */
#include "harness/model/track_private.h"

#include <stdio.h>
#include <string.h>

/* Is the handler the one that CPython installs for SIGINT, which does nothing but to raise? */
static bool is_default_handler(const struct track *track, uint64_t handler)
{
	return handler && handler == interpreter_default_handler(track->interpreter, track->pid);
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
void track_enter_handler(struct track *track)
{
	const struct python *python = interpreter_python(track->interpreter);
	uint64_t handler;

	note_over(track);
	track_note_caller(track);
	track_watch_none(track);
	track_read_frames(track);
	track->home = (struct python_bare_frame){0};
	if (track->frame_count) {
		track->home = track->frames[0];
		track->entered = track_place(track, &track->home, track->home.offset);
	} else if (python_is_finalizing(python, track->pid)) {
		/* It only empties its table of handlers (signalmodule.c, _PySignal_Fini()). */
		track_finish(track, WENT_PENDING);
		return;
	}
	if (track->caller.is_poll) {
		track_begin_polled(track);
		return;
	}
	if (python_signal_handler(python, track->pid, track->signal, &handler))
		handler = 0;
	if (is_default_handler(track, handler)) {
		snprintf(track->exception, sizeof(track->exception), "KeyboardInterrupt");
		track_raise(track);
		return;
	}
	/* Now: it may install another one in its place, and be freed by that while it runs. */
	track->handler = python_callee(python, track->pid, handler);
	track->state = TRACK_HANDLER;
	if (track_watch_exception(track) && track->home.address)
		(void)track_watch_frame(track, &track->home);
}

void track_name_exception(struct track *track)
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
	track_name_exception(track);
}

/* Is what was interrupted the innermost again? Nothing, where C code has called the handler outside
 * of all Python frames, as the interpreter does when the script is over. */
static bool is_at_home(const struct track *track)
{
	return track->frame_count ? track->frames[0].address == track->home.address
				  : !track->home.address;
}

/*
 * C code has raised something. The interpreter calls a Python function's frame before anything is
 * raised in it, but where it cannot be called (it takes no two arguments, or is too deep): what C
 * code raises afterwards is its own.
 */
static bool is_by_caller(struct track *track)
{
	track_name_exception(track);
	return strcmp(track->exception, "TypeError") != 0 &&
	       strcmp(track->exception, "RecursionError") != 0 &&
	       strcmp(track->exception, "MemoryError") != 0;
}

/* The frame that what was interrupted has called; NULL: none. */
static const struct python_bare_frame *find_called(const struct track *track)
{
	for (size_t n = 1; n < track->frame_count; n++)
		if (track->frames[n].address == track->home.address)
			return &track->frames[n - 1];
	return NULL;
}

/* Does a class execute such a frame when it is called? */
static bool is_called_so(struct track *track, const struct python_bare_frame *frame)
{
	static const char *const names[] = {"__call__", "__init__", "__new__"};
	const struct interpreter_place *place = track_place(track, frame, frame->offset);
	const size_t length = place ? strlen(place->place) : 0;

	for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++)
		if (length > strlen(names[n]) &&
		    strcmp(place->place + length - strlen(names[n]), names[n]) == 0)
			return true;
	return false;
}

/* Can what the call of the handler executes be this? Asked only where the stack does not tell. */
static bool is_handlers(struct track *track, const struct python_bare_frame *frame)
{
	switch (track->handler.kind) {
	case PYTHON_CALLS_CODE:
		return frame->code == track->handler.at;
	case PYTHON_CALLS_CLASS:
		return is_called_so(track, frame);
	case PYTHON_CALLS_C:
		break;
	}
	return track_find_function(track, track->handler.at) != TRACK_GONE;
}

/* What was interrupted is the innermost Python frame: can C code that the handler calls, or is,
 * have raised something? The same. */
static bool is_handlers_c(const struct track *track)
{
	switch (track->handler.kind) {
	case PYTHON_CALLS_CODE:
		return false;
	case PYTHON_CALLS_CLASS:
		return true;
	case PYTHON_CALLS_C:
		break;
	}
	return track_find_function(track, track->handler.at) != TRACK_GONE;
}

/* Put aside while the handler's frame was taken down, in the name of the one further out (3.14:
 * Python/frame.c, take_ownership()). */
static bool is_put_back(const struct track *track, uint64_t value)
{
	return track->last_taken && track->last_taken == track->home.address &&
	       value == track->last_raised;
}

/* Something is raised: is that after the handler has returned? */
static bool has_returned(struct track *track, enum track_stands caller, uint64_t value)
{
	const struct python_bare_frame *called = find_called(track);

	if (!track->frame_count && caller == TRACK_UNKNOWN)
		return value != track->last_raised;
	if (track->was_raised || is_put_back(track, value))
		return false;
	if (caller != TRACK_UNKNOWN)
		return caller == TRACK_GONE;
	if (called)
		return !is_handlers(track, called);
	return is_at_home(track) && !is_handlers_c(track) && is_by_caller(track);
}

/* The handler has raised and is gone, or C code has put another exception over what it raised. */
static void leave_handler(struct track *track, uint64_t value)
{
	const bool is_seen = track->was_raised && !(value && value == track->last_raised);

	if (!is_seen)
		track_name_exception(track);
	track_raise(track);
	if (is_seen && track->state == TRACK_RAISED)
		track_on_exception(track);
}

static void on_raised(struct track *track, uint64_t value)
{
	const enum track_stands caller = track_find_caller(track);

	if (has_returned(track, caller, value)) {
		track_finish(track, WENT_RETURNED);
	} else if (!is_at_home(track)) {
		note_raised(track, value);
	} else if (caller == TRACK_STANDS) {
		/* The handler is C code, or cannot be called. It may take it back. */
		track->last_raised = value;
		track_name_exception(track);
	} else {
		leave_handler(track, value);
	}
}

static void on_cleared(struct track *track)
{
	if (track->was_raised && is_at_home(track) && track_find_caller(track) != TRACK_STANDS) {
		track_raise(track);
		track_taken(track);
		return;
	}
	/* Pydebug builds clear what is clear already. */
	track->last_taken = track->was_raised && track->frame_count ? track->frames[0].address : 0;
}

/* The Python handler raises, and may catch that itself: it is out when the C function that calls it
 * is gone, and the frame that was interrupted is the innermost again. */
static void on_exception(struct track *track)
{
	uint64_t value;
	const bool is_raised = track_is_raised(track, &value);

	track_read_frames(track);
	if (is_raised)
		on_raised(track, value);
	else
		on_cleared(track);
	track->was_raised = is_raised;
}

static void on_frame(struct track *track)
{
	struct python_bare_frame now;

	if (track_read_innermost(track, &now) && now.address == track->home.address)
		track_finish(track, WENT_RETURNED);
}

void track_hit_handler(struct track *track, const struct track_watch *watch)
{
	if (watch->what == TRACK_ON_EXCEPTION)
		on_exception(track);
	else
		on_frame(track);
}
