/* SPDX-License-Identifier: MIT */
/*
 * The C function that calls the handler, on the native stack: it stands until the handler is over.
 * A frame is known again by its address and function. A function that is split in two has another
 * start in each half, but the same target of the call that made the frame.
 */
#include "harness/engine/decode_branch.h"
#include "harness/kernel/memory.h"
#include "harness/model/track_private.h"

#include <errno.h>

#define FRAMES 512    /* native ones, between a handler's exception and its caller */
#define CALL_LENGTH 5 /* bytes of a direct call */

/* Where the direct call before a return address leads; 0: it is none. */
static uint64_t called_from(pid_t pid, uint64_t return_address)
{
	const uint64_t pc = return_address - CALL_LENGTH;
	uint8_t bytes[CALL_LENGTH];
	struct branch branch;

	return memory_read(pid, pc, bytes, sizeof(bytes)) == 0 &&
			       decode_branch(bytes, sizeof(bytes), pc, &branch) && branch.is_call &&
			       branch.length == CALL_LENGTH
		       ? branch.target
		       : 0;
}

/* All zeros where it cannot be unwound. */
void track_note_caller(struct track *track)
{
	const struct python_image *image = python_image(interpreter_python(track->interpreter));
	const struct python_looks *looks = &image->looks;
	const struct python_looks *polls = &image->polls;
	struct track_caller *caller = &track->caller;
	struct frame frames[2];
	const size_t count = track->unwind ? track->unwind(track->context, frames, 2, NULL) : 0;

	*caller = (struct track_caller){0};
	if (!count)
		return;
	caller->function = frames[0].function_start;
	caller->cfa = frames[0].cfa;
	caller->target = count > 1 ? called_from(track->pid, frames[1].pc) : 0;
	caller->is_poll =
		python_is_look(polls, caller->function) || python_is_look(polls, caller->target);
	caller->is_look =
		python_is_look(looks, caller->function) || python_is_look(looks, caller->target);
}

static bool is_caller(const struct track *track, const struct frame *frames, size_t left)
{
	const struct track_caller *caller = &track->caller;

	if (frames->cfa != caller->cfa)
		return false;
	return frames->function_start == caller->function ||
	       (left > 1 && caller->target &&
		called_from(track->pid, frames[1].pc) == caller->target);
}

/* The stack of now: 0 where it cannot be read. */
static size_t read_stack(const struct track *track, struct frame frames[FRAMES], bool *complete)
{
	*complete = false;
	return track->unwind ? track->unwind(track->context, frames, FRAMES, complete) : 0;
}

enum track_stands track_find_caller(const struct track *track)
{
	struct frame frames[FRAMES];
	bool complete;
	size_t count;

	if (!track->caller.function)
		return TRACK_UNKNOWN;
	count = read_stack(track, frames, &complete);
	for (size_t n = 0; n < count; n++)
		if (is_caller(track, &frames[n], count - n))
			return track->caller.is_look ? TRACK_STANDS : TRACK_UNKNOWN;
	return complete ? TRACK_GONE : TRACK_UNKNOWN;
}

enum track_stands track_find_function(const struct track *track, uint64_t function)
{
	struct frame frames[FRAMES];
	bool complete;
	size_t count;

	if (!function)
		return TRACK_UNKNOWN;
	count = read_stack(track, frames, &complete);
	for (size_t n = 0; n < count; n++)
		if (frames[n].function_start == function)
			return TRACK_STANDS;
	return complete ? TRACK_GONE : TRACK_UNKNOWN;
}
