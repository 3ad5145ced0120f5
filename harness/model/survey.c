/* SPDX-License-Identifier: MIT */
/* See survey.h. */
#include "harness/model/survey.h"

#include "harness/base/alloc.h"
#include "harness/model/window.h"

#include <errno.h>
#include <stdlib.h>

static int survey_in(struct stage *stage, const struct oracle *oracle, void **knowledge)
{
	const struct scenario *scenario = stage->scenario;
	struct window window =
		window_of(&scenario->from, &scenario->to, scenario->in, scenario->signal);
	int error = stage_start(stage);

	if (error)
		return error;
	stage->walker.limit = stage->baseline->trial_limit;
	error = window_enter(&window, &stage->walker);
	if (!error)
		error = oracle->survey(stage, knowledge);
	window_free(&window);
	return error;
}

static int survey_one(struct baseline *baseline, const struct scenario *scenario, size_t n,
		      const struct resources *resources)
{
	struct stage stage;
	int error = stage_open(&stage, scenario, baseline, resources);
	int closed;

	if (error)
		return error;
	error = survey_in(&stage, scenario->oracles[n], &baseline->knowledge[n]);
	if (error && error != -EINTR) {
		baseline->ignorance[n] = alloc_text(fail_text());
		error = 0;
	}
	closed = stage_close(&stage);
	return error ? error : closed;
}

int survey_run(struct baseline *baseline, const struct scenario *scenario,
	       const struct resources *resources)
{
	int error = 0;

	for (size_t i = 0; !error && scenario->oracles[i]; i++)
		if (scenario->oracles[i]->survey)
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
