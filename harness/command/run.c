/* SPDX-License-Identifier: MIT */
/* sigsweep run: sweep a program and write the record and the report. */
#include "harness/base/alloc.h"
#include "harness/command/command.h"
#include "harness/command/scenario_options.h"
#include "harness/command/sweep.h"
#include "reports/report.h"
#include "reports/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_OUTPUT "sigsweep.json"

/* REPORT.json has the record REPORT.jsonl beside it. */
static char *record_beside(const char *output)
{
	const size_t length = strlen(output);

	if (length > 5 && strcmp(output + length - 5, ".json") == 0)
		return alloc_format("%sl", output);
	return alloc_format("%s.jsonl", output);
}

/* The program is looked for from here, and executed from the directory that it is to run in. */
static void make_absolute(struct scenario *scenario)
{
	char *here = scenario->directory ? realpath(".", NULL) : NULL;
	char *full;

	if (here && scenario->program[0] != '/') {
		full = alloc_format("%s/%s", here, scenario->program);
		free(scenario->program);
		scenario->program = full;
	}
	free(here);
}

static int finish_settings(struct run_settings *settings, int count, char **arguments)
{
	int error;

	for (int i = 0; i < count; i++)
		list_add(&settings->scenario.arguments, arguments[i]);
	if (!settings->output)
		settings->output = alloc_text(DEFAULT_OUTPUT);
	if (!settings->record && strcmp(settings->output, "-") != 0)
		settings->record = record_beside(settings->output);
	error = report_check_path(settings->output);
	if (!error)
		error = scenario_finish(&settings->scenario);
	if (!error)
		make_absolute(&settings->scenario);
	return error ? error : scenario_take_stdin(&settings->scenario);
}

static int show(const struct run_settings *settings, const json_t *report)
{
	const bool to_output = strcmp(settings->output, "-") == 0;
	const struct view *view;
	struct view_settings look;
	int error;

	if (settings->quiet || to_output)
		return 0;
	look = view_settings_for(stdout);
	error = view_find("text", &view);
	return error ? error : view_show(view, report, stdout, &look);
}

static bool is_complete(const json_t *report)
{
	return json_is_true(json_object_get(json_object_get(report, "boundaries"), "complete"));
}

static json_int_t count_skipped(const json_t *report)
{
	return json_integer_value(
		json_object_get(json_object_get(report, "boundaries"), "skipped"));
}

static bool is_sample(const struct scenario *scenario)
{
	return scenario->budget_trials || scenario->budget_seconds > 0;
}

static int judge(const struct run_settings *settings, const struct sweep *sweep)
{
	if (sweep->was_interrupted)
		warn("interrupted; the report holds what was done until then");
	if (json_array_size(json_object_get(sweep->report, "findings")))
		return STATUS_FINDINGS;
	if (sweep->was_interrupted)
		return STATUS_FAILED;
	if (!is_complete(sweep->report) && !is_sample(&settings->scenario) &&
	    !settings->allow_incomplete) {
		warn("no finding, but the sweep is not complete, so this is no proof; the report "
		     "says why (--allow-incomplete takes it as it is)");
		return STATUS_FAILED;
	}
	/* A budget is no reason for a boundary of the sample that could not be tried. */
	if (count_skipped(sweep->report) && !settings->allow_incomplete) {
		warn("no finding, but some boundaries could not be tried, so this is no proof; the "
		     "report says why (--allow-incomplete takes it as it is)");
		return STATUS_FAILED;
	}
	if (json_array_size(json_object_get(sweep->report, "unknown")) &&
	    !settings->allow_incomplete) {
		warn("no finding, but some verdicts are unknown, so this is no proof; the report "
		     "says "
		     "which and why (--allow-incomplete takes it as it is)");
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

static int sweep_and_report(struct run_settings *settings)
{
	struct sweep sweep = {
		.scenario = &settings->scenario,
		.record = settings->record,
		.output = settings->output,
		.quiet = settings->quiet,
	};
	int error = sweep_run(&sweep);
	int status = error ? command_fail(error) : STATUS_OK;
	int written;

	if (!sweep.report) {
		if (!error)
			warn("interrupted before the baseline was there: nothing to report yet");
		return error ? status : STATUS_FAILED;
	}
	written = report_write(sweep.report, settings->output);
	if (!written)
		written = show(settings, sweep.report);
	if (written)
		status = command_fail(written);
	else if (!error)
		status = judge(settings, &sweep);
	json_decref(sweep.report);
	return status;
}

static void free_settings(struct run_settings *settings)
{
	scenario_free(&settings->scenario);
	free(settings->output);
	free(settings->record);
}

static int run(int count, char **arguments)
{
	struct run_settings settings = {0};
	int first;
	int status;
	int error;

	scenario_init(&settings.scenario);
	error = options_parse(&command_run, count, arguments, &settings, &first);
	if (error == 1) {
		free_settings(&settings);
		return STATUS_OK;
	}
	if (!error)
		error = finish_settings(&settings, count - first, arguments + first);
	status = error ? command_fail(error) : sweep_and_report(&settings);
	free_settings(&settings);
	return status;
}

const struct command command_run = {
	.name = "run",
	.operands = "[options] -- PROGRAM [ARG...]",
	.summary = "sweep a program: interrupt it at every boundary and report what broke",
	.description =
		"Runs PROGRAM twice without the signal (the baseline), then walks it from boundary "
		"to "
		"boundary of the window and delivers the signal at each one in a copy of the "
		"process, "
		"which is followed to its end and judged.\n\n"
		"LOC is one of: main; handler (when the program first installs a handler for the "
		"signal); exit; SYMBOL; MODULE!SYMBOL; MODULE+0xOFFSET, as objdump prints it; "
		"FILE.c:LINE; 0xADDRESS; probe:PROVIDER:NAME, a SystemTap (SDT) probe.\n\n"
		"Exit status: 0 no finding and everything was tried, 1 findings, 2 usage or bad "
		"input, 3 the harness or the machine failed, or the sweep is not complete or has "
		"unknown verdicts.",
	.options = run_options,
	.run = run,
};
