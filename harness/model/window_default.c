/* SPDX-License-Identifier: MIT */
/* See window_default.h. */
#include "harness/model/window_default.h"

#include "harness/model/window.h"

#include <errno.h>

/* Whatever keeps it from the place keeps the sweep from nothing: then it does not come there. But a
 * window that the program has opened is meant, and is not passed over where it cannot be read. */
static int enter(struct stage *stage, const struct location *place, bool *comes)
{
	static const struct location end = {.kind = LOCATION_EXIT, .text = (char *)"exit"};
	struct window window = window_of(place, &end, NULL, stage->scenario->signal);
	int error;

	stage->walker.limit = stage->baseline->trial_limit;
	error = window_enter(&window, &stage->walker);
	*comes = !error;
	window_free(&window);
	if (error == -EINTR || window.was_announced)
		return error;
	fail_clear();
	return 0;
}

/* Does a run without the signal come to that place? It is stopped there and nowhere else. */
static int look(const struct scenario *scenario, const struct baseline *baseline,
		const struct resources *resources, const char *place, bool *comes)
{
	struct location location = {0};
	struct stage stage;
	int closed;
	int error;

	*comes = false;
	error = stage_open(&stage, scenario, baseline, resources);
	if (error)
		return error;
	error = location_parse(place, &location);
	location.is_default = true; /* a CPython need not be one that can be read */
	if (!error)
		error = stage_start(&stage);
	if (!error)
		error = enter(&stage, &location, comes);
	closed = stage_close(&stage);
	location_free(&location);
	return error ? error : closed;
}

int window_becomes_python(const struct scenario *scenario, const struct baseline *baseline,
			  const struct resources *resources, bool *becomes)
{
	*becomes = false;
	if (!baseline->executes || !scenario->from.is_default ||
	    scenario->from.kind == LOCATION_MODULE)
		return 0;
	return look(scenario, baseline, resources, "module", becomes);
}

int window_default(struct scenario *scenario, const struct baseline *baseline,
		   const struct resources *resources)
{
	bool has_window;
	int error;

	if (!scenario->takes_window)
		return 0;
	scenario->takes_window = false;
	error = look(scenario, baseline, resources, "window", &has_window);
	if (error || !has_window)
		return error;
	location_free(&scenario->from);
	location_free(&scenario->to);
	error = location_parse("window", &scenario->from);
	return error ? error : location_parse("window", &scenario->to);
}
