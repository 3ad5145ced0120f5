/* SPDX-License-Identifier: MIT */
/* sigsweep replay: one trial of a stored report again, with its full story, or under gdb. */
#include "harness/base/alloc.h"
#include "harness/command/command.h"
#include "harness/command/replay_gdb.h"
#include "harness/model/campaign.h"
#include "reports/example.h"
#include "reports/layout.h"
#include "reports/load.h"
#include "reports/view.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings {
	bool use_gdb;
};

/* What comes of the replayed trial. */
struct result {
	json_t *example; /* the example line of the first violation, or the plain one */
	json_t *trial;   /* the trial line */
	json_t *skip;    /* the skip line, where no trial could be made */
};

static int set_gdb(void *settings, const char *value)
{
	(void)value;
	((struct settings *)settings)->use_gdb = true;
	return 0;
}

static const struct option_row options[] = {
	{"gdb", 0, NULL, "stop at the boundary under gdb, with the signal pending", set_gdb},
	{0},
};

static void keep(json_t **where, json_t *line)
{
	if (!*where)
		*where = json_incref(line);
}

static int take_line(void *context, const char *text, size_t size)
{
	struct result *result = context;
	json_t *line = json_loadb(text, size, 0, NULL);
	const char *type = json_string_value(json_object_get(line, "type"));

	if (!type)
		type = "";
	if (strcmp(type, "example") == 0)
		keep(&result->example, line);
	else if (strcmp(type, "trial") == 0)
		keep(&result->trial, line);
	else if (strcmp(type, "skip") == 0)
		keep(&result->skip, line);
	json_decref(line);
	return 0;
}

static bool is_boundary(const char *name)
{
	for (const char *at = name; *at; at++)
		if (!isdigit((unsigned char)*at))
			return false;
	return *name && strlen(name) < 12;
}

/* The boundary to replay: a number, or that of a finding's example. Finding ids have 12 digits. */
static int choose(const json_t *report, const char *name, uint64_t *index, const json_t **finding)
{
	int error;

	*finding = NULL;
	if (is_boundary(name)) {
		*index = strtoull(name, NULL, 10);
		return *index ? 0
			      : fail(-EINVAL,
				     "boundary 0 is the baseline; boundaries count from 1");
	}
	error = report_find(report, name, finding);
	if (!error)
		*index = (uint64_t)json_integer_value(
			json_object_get(json_object_get(*finding, "example"), "boundary"));
	if (!error && !*index)
		error = fail(-EINVAL, "the report's finding %s has no example to replay", name);
	return error;
}

static const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "?";
}

/* Is the boundary where it was when the report was made? */
static bool is_same_place(const json_t *finding, const json_t *example)
{
	const json_t *then = json_object_get(finding, "where");
	const json_t *now = json_object_get(example, "where");

	return !finding || (strcmp(text_of(then, "offset"), text_of(now, "offset")) == 0 &&
			    strcmp(text_of(then, "module"), text_of(now, "module")) == 0);
}

static void print_result(const struct result *result, const json_t *finding, uint64_t index)
{
	const struct view_settings look = view_settings_for(stdout);
	struct layout layout = {.out = stdout, .settings = &look};
	char *place = example_place(json_object_get(result->example, "where"));
	const json_t *unknown;
	size_t n;

	printf("boundary %llu at %s\n", (unsigned long long)index, place);
	printf("  instruction  %s\n",
	       text_of(json_object_get(result->example, "where"), "instruction"));
	printf("  delivery     %s\n", text_of(result->trial, "delivery"));
	printf("  outcome      %s\n", text_of(result->trial, "outcome"));
	if (json_object_get(result->trial, "benign"))
		printf("  benign       %s\n", text_of(result->trial, "benign"));
	json_array_foreach (json_object_get(result->trial, "unknown"), n, unknown)
		printf("  unknown      %s\n", json_string_value(unknown));
	printf("  %s/%s: %s\n\n", text_of(result->example, "oracle"),
	       text_of(result->example, "kind"), text_of(result->example, "title"));
	example_print(&layout, json_object_get(result->example, "example"), true);
	if (!is_same_place(finding, result->example))
		warn("the program's path is not what it was when the report was made: this "
		     "boundary "
		     "is another place");
	free(place);
}

static int replay(struct scenario *scenario, const json_t *finding, uint64_t index, int *status)
{
	struct result result = {0};
	struct campaign campaign = {
		.scenario = scenario,
		.only = index,
		.sink = {.line = take_line, .context = &result},
	};
	int error = campaign_run(&campaign);

	if (!error && result.skip)
		error = fail(-ENOTSUP, "no trial can be made there: %s",
			     text_of(result.skip, "reason"));
	if (!error && campaign.was_interrupted)
		error = fail(-EAGAIN, "interrupted");
	if (!error && !result.example)
		error = fail(-ERANGE, "the window has no boundary %llu any more",
			     (unsigned long long)index);
	if (!error) {
		print_result(&result, finding, index);
		if (strcmp(text_of(result.trial, "delivery"), "not") == 0)
			error = fail(-EAGAIN, "the signal was not delivered there");
		*status = json_array_size(json_object_get(result.trial, "findings")) &&
					  !json_object_get(result.trial, "benign")
				  ? STATUS_FINDINGS
				  : STATUS_OK;
	}
	json_decref(result.example);
	json_decref(result.trial);
	json_decref(result.skip);
	return error;
}

static int replay_from(const struct settings *settings, const json_t *report, const char *name,
		       int *status)
{
	struct scenario scenario;
	const json_t *finding;
	uint64_t index;
	int error = choose(report, name, &index, &finding);

	if (error)
		return error;
	scenario_init(&scenario);
	error = scenario_from_json(&scenario, json_object_get(report, "scenario"));
	if (!error && scenario.directory && chdir(scenario.directory) < 0)
		error = fail(-errno, "cannot enter the program's folder %s: %s", scenario.directory,
			     strerror(errno));
	if (!error)
		error = scenario_finish(&scenario);
	scenario.jobs = 1;
	scenario.budget_seconds = 0;
	scenario.budget_trials = 0;
	if (!error)
		error = settings->use_gdb ? replay_gdb(&scenario, index)
					  : replay(&scenario, finding, index, status);
	scenario_free(&scenario);
	return error;
}

static int run(int count, char **arguments)
{
	struct settings settings = {0};
	json_t *report = NULL;
	int status = STATUS_OK;
	int first;
	int error = options_parse_mixed(&command_replay, &count, arguments, &settings, &first);

	if (error == 1)
		return STATUS_OK;
	if (!error && count - first != 2)
		error = fail(-EINVAL, "replay takes a report and the id of a finding or the number "
				      "of a boundary");
	if (!error)
		error = report_load(arguments[first], &report);
	if (!error)
		error = replay_from(&settings, report, arguments[first + 1], &status);
	json_decref(report);
	return error ? command_fail(error) : status;
}

const struct command command_replay = {
	.name = "replay",
	.operands = "[options] REPORT FINDING|BOUNDARY",
	.summary = "repeat one trial of a report and tell its full story",
	.description =
		"Runs the program of REPORT to one boundary again, given by its number or "
		"by the id of "
		"a finding (the beginning of an id will do), delivers the signal there and "
		"tells what "
		"happens. Exit status 1 when an oracle objects again, 0 when none does or the "
		"program declares that it is harmless there.",
	.options = options,
	.run = run,
};
