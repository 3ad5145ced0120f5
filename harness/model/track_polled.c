/* SPDX-License-Identifier: MIT */
/*
 * C code has asked whether there was a SIGINT (PyOS_InterruptOccurred()), which takes it back: no
 * handler is called any more. It may raise something in its place, as input() does; where it does
 * not, nobody will hear of the signal.
 */
#include "harness/model/track_private.h"

void track_begin_polled(struct track *track)
{
	track->state = TRACK_POLLED;
	track->at = track->entered;
	track->entered = NULL;
	if (track->on_taken)
		track->on_taken(track->context);
	if (track_watch_exception(track) && track->home.address)
		(void)track_watch_frame(track, &track->home);
}

static void on_exception(struct track *track)
{
	uint64_t value;

	if (!track_is_raised(track, &value))
		return;
	track->at = NULL;
	track_name_exception(track);
	track_read_frames(track);
	track_raise(track);
}

static void on_frame(struct track *track)
{
	struct python_bare_frame now;

	if (!track_read_innermost(track, &now) || now.address != track->home.address)
		return;
	track_finish(track, WENT_SWALLOWED);
}

void track_hit_polled(struct track *track, const struct track_watch *watch)
{
	if (watch->what == TRACK_ON_EXCEPTION)
		on_exception(track);
	else
		on_frame(track);
}
