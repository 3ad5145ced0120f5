/* SPDX-License-Identifier: MIT */
/* What track.c, track_handler.c, track_raised.c and track_clause.c share. */
#ifndef SIGSWEEP_MODEL_TRACK_PRIVATE_H
#define SIGSWEEP_MODEL_TRACK_PRIVATE_H

#include "harness/model/track.h"

void track_watch_none(struct track *track);
void track_finish(struct track *track, enum went_kind kind);

int track_watch(struct track *track, enum track_word what, struct python_word word,
		const struct python_bare_frame *frame) MUST_CHECK;
/* The same, or it gives up: false. */
bool track_must_watch(struct track *track, enum track_word what, struct python_word word,
		      const struct python_bare_frame *frame);
bool track_watch_exception(struct track *track);
bool track_watch_frame(struct track *track, const struct python_bare_frame *frame);

/* Stops watching a frame, the exception. */
void track_drop_watch(struct track *track, const struct python_bare_frame *frame);
void track_drop_exception(struct track *track);

const struct interpreter_place *track_place(struct track *track,
					    const struct python_bare_frame *frame, int offset);
void track_read_frames(struct track *track);
bool track_read_innermost(const struct track *track, struct python_bare_frame *frame);
bool track_is_raised(const struct track *track, uint64_t *value);

/* The flag was taken back: PyErr_CheckSignals() calls the Python handler. */
void track_enter_handler(struct track *track);
/* The class of what is being raised; up to 3.11 it may not be written yet. */
void track_name_exception(struct track *track);
/* C code has taken the flag back for itself: what does it make of it? */
void track_begin_polled(struct track *track);
void track_hit_polled(struct track *track, const struct track_watch *watch);
void track_hit_handler(struct track *track, const struct track_watch *watch);

enum track_stands { TRACK_UNKNOWN, TRACK_STANDS, TRACK_GONE };

/* The C function that stands innermost calls the handler. */
void track_note_caller(struct track *track);
/* Is that still to return? UNKNOWN also where the look for signals was inlined into a function that
 * does more: it stands on when the handler is over. */
enum track_stands track_find_caller(const struct track *track);
/* Does any call of a function stand on the stack? */
enum track_stands track_find_function(const struct track *track, uint64_t function);

/* An exception is on its way from track->frames, innermost first. */
void track_raise(struct track *track);
/* The exception is out of the thread's state; track->frames are as they are now. */
void track_taken(struct track *track);
/* The thread's state has another exception than it had, or none. */
void track_on_exception(struct track *track);
void track_hit_raised(struct track *track, const struct track_watch *watch);

/* The name of the opcode that a frame notes as its instruction. */
const char *track_opcode(const struct track *track, const struct python_bare_frame *frame);
bool track_is_same(const struct python_bare_frame *left, const struct python_bare_frame *right);
/* What is being handled; false: the thread's state cannot be read. */
bool track_read_handled(const struct track *track, uint64_t *value);
/* Is it an object of the class that is on its way? Where that is not known, it is now. */
bool track_is_ours(struct track *track, uint64_t value);
/* A clause handles `value`, which is another exception. Is that to be followed? Else all is over.
 */
bool track_replace(struct track *track, uint64_t value);

/* A clause of `frame` begins; `handled`: what it handles, 0: it has yet to say. */
void track_begin_clause(struct track *track, const struct python_bare_frame *frame,
			uint64_t handled);
/* What has taken the exception, as `kind` says, may raise it again: wait for that while it exists.
 */
void track_keep(struct track *track, enum went_kind kind);
/* The exception is raised again by the frame: wait until it is. */
void track_expect_raised(struct track *track, const struct python_bare_frame *frame);
void track_hit_clause(struct track *track);

/* The process can be read: does it stand in a clause that has taken the exception for good? */
bool track_is_in_typed_clause(struct track *track);

#endif
