/* SPDX-License-Identifier: MIT */
/* See sweep.h. */
#include "harness/command/sweep.h"

#include "harness/base/alloc.h"
#include "harness/base/clock.h"
#include "harness/model/campaign.h"
#include "reports/aggregate.h"
#include "reports/progress.h"
#include "reports/record.h"
#include "reports/report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct state {
	struct record_writer *record;
	struct aggregate *aggregate;
	struct progress *progress;
};

static int take_line(void *context, const char *line, size_t size)
{
	struct state *state = context;
	int error = state->record ? record_write_text(state->record, line, size) : 0;

	return error ? error : aggregate_trial_text(state->aggregate, line, size);
}

static int flush(void *context)
{
	struct state *state = context;

	return state->record ? record_flush(state->record) : 0;
}

static void tick(void *context, uint64_t total)
{
	struct state *state = context;

	const struct progress_state progress = {
		.done = aggregate_injected(state->aggregate) + aggregate_skipped(state->aggregate),
		.total = total,
		.findings = aggregate_findings(state->aggregate),
		.seconds = clock_now(),
	};

	progress_update(state->progress, &progress);
}

static int open_record(const struct sweep *sweep, struct state *state)
{
	if (!sweep->record)
		return 0;
	return record_writer_replace(sweep->record, &state->record);
}

static int close_record(struct state *state, int error)
{
	char *sentence = alloc_text(fail_text());
	int closed = record_writer_close(state->record);

	/* The first failure is the one to tell. */
	if (error)
		fail(error, "%s", sentence);
	free(sentence);
	return error ? error : closed;
}

static int build(struct sweep *sweep, struct state *state, int error)
{
	char *sentence = alloc_text(fail_text());
	int built = 0;

	if (state->aggregate->baseline) {
		built = report_build(state->aggregate, sweep->output, &sweep->report);
		if (error)
			fail(error, "%s", sentence);
	}
	free(sentence);
	return error ? error : built;
}

int sweep_run(struct sweep *sweep)
{
	struct state state = {.aggregate = aggregate_new()};
	struct campaign campaign = {
		.scenario = sweep->scenario,
		.sink = {.line = take_line, .flush = flush, .context = &state},
		.count_first = !sweep->quiet && isatty(STDERR_FILENO),
		.tick = tick,
		.tick_context = &state,
	};
	int error = open_record(sweep, &state);

	if (!error) {
		state.progress = progress_new(stderr, sweep->quiet);
		error = campaign_run(&campaign);
		progress_free(state.progress);
		sweep->was_interrupted = campaign.was_interrupted;
		error = build(sweep, &state, error);
	}
	error = close_record(&state, error);
	aggregate_free(state.aggregate);
	return error;
}
