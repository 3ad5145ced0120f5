/* SPDX-License-Identifier: MIT */
/* See survey.h. */
#include "harness/model/survey.h"

#include "harness/base/alloc.h"
#include "harness/model/window.h"

#include <errno.h>
#include <stdlib.h>

/* What all surveys of a sweep share. */
struct surveying {
	struct baseline *baseline;
	const struct scenario *scenario;
	const struct resources *resources;
	/* A run has shown it: what is for such programs only needs none of its own. */
	bool is_no_python;
	bool has_no_invariants;
};

static bool is_for_others(const struct surveying *surveying, const struct oracle *oracle)
{
	return (surveying->is_no_python && (oracle->needs & ORACLE_NEEDS_PYTHON)) ||
	       (surveying->has_no_invariants && (oracle->needs & ORACLE_NEEDS_INVARIANTS));
}

static int survey_in(struct surveying *surveying, struct stage *stage, size_t n)
{
	const struct scenario *scenario = surveying->scenario;
	const struct oracle *oracle = scenario->oracles[n];
	struct window window =
		window_of(&scenario->from, &scenario->to, scenario->in, scenario->signal);
	int error;

	announced_follow(&stage->announced, &stage->walker);
	error = window_enter(&window, &stage->walker);
	if (!(oracle->needs & ORACLE_NEEDS_INVARIANTS))
		stage->walker.marks = NULL; /* nothing to stop for any more */
	stage->window = &window;
	stage->interpreter = window.interpreter;
	surveying->is_no_python = !error && !window.interpreter;
	surveying->has_no_invariants = !error && !stage->announced.has_invariants;
	if (!error && !is_for_others(surveying, oracle))
		error = oracle->survey(stage, &surveying->baseline->knowledge[n]);
	stage->interpreter = NULL;
	stage->window = NULL;
	window_free(&window);
	return error;
}

/* One run, which the oracle takes on from its start (prepare()), or from the window's. */
static int look_once(struct surveying *surveying, size_t n, bool at_start)
{
	struct baseline *baseline = surveying->baseline;
	struct stage stage;
	int error = stage_open(&stage, surveying->scenario, baseline, surveying->resources);
	int closed;

	if (error)
		return error;
	error = stage_start(&stage);
	stage.walker.limit = baseline->trial_limit;
	if (!error && at_start)
		error = surveying->scenario->oracles[n]->prepare(&stage, &baseline->knowledge[n]);
	else if (!error)
		error = survey_in(surveying, &stage, n);
	if (error && error != -EINTR) {
		baseline->ignorance[n] = alloc_text(fail_text());
		error = 0;
	}
	closed = stage_close(&stage);
	return error ? error : closed;
}

static int survey_one(struct surveying *surveying, size_t n)
{
	const struct oracle *oracle = surveying->scenario->oracles[n];
	int error = 0;

	if (oracle->prepare)
		error = look_once(surveying, n, true);
	if (!error && oracle->survey && !surveying->baseline->ignorance[n] &&
	    !is_for_others(surveying, oracle))
		error = look_once(surveying, n, false);
	return error;
}

int survey_run(struct baseline *baseline, const struct scenario *scenario,
	       const struct resources *resources)
{
	struct surveying surveying = {
		.baseline = baseline, .scenario = scenario, .resources = resources};
	int error = 0;

	for (size_t i = 0; !error && scenario->oracles[i]; i++)
		error = survey_one(&surveying, i);
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
