/* SPDX-License-Identifier: MIT */
/* See survey.h. */
#include "harness/model/survey.h"

#include "harness/base/alloc.h"
#include "harness/model/window.h"

#include <errno.h>
#include <stdlib.h>

typedef int look_function(struct stage *stage, void **knowledge);

static int survey_in(struct stage *stage, look_function *survey, void **knowledge)
{
	const struct scenario *scenario = stage->scenario;
	struct window window =
		window_of(&scenario->from, &scenario->to, scenario->in, scenario->signal);
	int error = window_enter(&window, &stage->walker);

	stage->window = &window;
	if (!error)
		error = survey(stage, knowledge);
	stage->window = NULL;
	window_free(&window);
	return error;
}

/* One run, which `look` takes on from its start, or from the window's. */
static int look_once(struct baseline *baseline, const struct scenario *scenario, size_t n,
		     const struct resources *resources, look_function *look, bool at_start)
{
	struct stage stage;
	int error = stage_open(&stage, scenario, baseline, resources);
	int closed;

	if (error)
		return error;
	error = stage_start(&stage);
	stage.walker.limit = baseline->trial_limit;
	if (!error && at_start)
		error = look(&stage, &baseline->knowledge[n]);
	else if (!error)
		error = survey_in(&stage, look, &baseline->knowledge[n]);
	if (error && error != -EINTR) {
		baseline->ignorance[n] = alloc_text(fail_text());
		error = 0;
	}
	closed = stage_close(&stage);
	return error ? error : closed;
}

static int survey_one(struct baseline *baseline, const struct scenario *scenario, size_t n,
		      const struct resources *resources)
{
	const struct oracle *oracle = scenario->oracles[n];
	int error = 0;

	if (oracle->prepare)
		error = look_once(baseline, scenario, n, resources, oracle->prepare, true);
	if (!error && oracle->survey && !baseline->ignorance[n])
		error = look_once(baseline, scenario, n, resources, oracle->survey, false);
	return error;
}

int survey_run(struct baseline *baseline, const struct scenario *scenario,
	       const struct resources *resources)
{
	int error = 0;

	for (size_t i = 0; !error && scenario->oracles[i]; i++)
		error = survey_one(baseline, scenario, i, resources);
	return error;
}

void survey_free(struct baseline *baseline, const struct scenario *scenario)
{
	for (size_t i = 0; scenario->oracles[i]; i++) {
		if (baseline->knowledge[i] && scenario->oracles[i]->forget)
			scenario->oracles[i]->forget(baseline->knowledge[i]);
		free(baseline->ignorance[i]);
	}
}
