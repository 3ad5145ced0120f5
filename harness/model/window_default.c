/* SPDX-License-Identifier: MIT */
/* See window_default.h. The run is stopped where windows are announced and nowhere else. */
#include "harness/model/window_default.h"

#include "harness/model/window.h"

#include <errno.h>

/* Whatever keeps it from its window keeps the sweep from nothing: then there is none. */
static int look(struct stage *stage, const struct location *place, bool *has_window)
{
	struct window window = window_of(place, place, NULL, stage->scenario->signal);
	int error;

	stage->walker.limit = stage->baseline->trial_limit;
	error = window_enter(&window, &stage->walker);
	*has_window = !error;
	window_free(&window);
	if (error == -EINTR)
		return error;
	fail_clear();
	return 0;
}

int window_default(struct scenario *scenario, const struct baseline *baseline,
		   const struct resources *resources)
{
	struct location from;
	struct stage stage;
	bool has_window = false;
	int closed;
	int error;

	if (!scenario->takes_window)
		return 0;
	scenario->takes_window = false;
	error = stage_open(&stage, scenario, baseline, resources);
	if (error)
		return error;
	error = location_parse("window", &from);
	if (!error)
		error = stage_start(&stage);
	if (!error)
		error = look(&stage, &from, &has_window);
	closed = stage_close(&stage);
	location_free(&from);
	if (error || closed || !has_window)
		return error ? error : closed;
	location_free(&scenario->from);
	location_free(&scenario->to);
	error = location_parse("window", &scenario->from);
	return error ? error : location_parse("window", &scenario->to);
}
