/* SPDX-License-Identifier: MIT */
/* sigsweep show: a stored report in another form. Traces nothing. */
#include "harness/command/command.h"
#include "reports/load.h"
#include "reports/view.h"

#include <errno.h>
#include <stdio.h>

struct settings {
	const struct view *view;
};

static int set_format(void *settings, const char *value)
{
	return view_find(value, &((struct settings *)settings)->view);
}

static const struct option_row options[] = {
	{"format", 'f', "NAME", "how (default text); see sigsweep list formats", set_format},
	{0},
};

static int show(const struct view *view, const char *path)
{
	const struct view_settings look = view_settings_for(stdout);
	json_t *report;
	int error = report_load(path, &report);

	if (error)
		return error;
	error = view_show(view, report, stdout, &look);
	json_decref(report);
	return error;
}

static int run(int count, char **arguments)
{
	struct settings settings = {.view = view_table[0]};
	int first;
	int error = options_parse_mixed(&command_show, &count, arguments, &settings, &first);

	if (error == 1)
		return STATUS_OK;
	if (!error && count - first != 1)
		error = fail(-EINVAL, "show takes one report");
	if (!error)
		error = show(settings.view, arguments[first]);
	return error ? command_fail(error) : STATUS_OK;
}

const struct command command_show = {
	.name = "show",
	.operands = "[options] REPORT",
	.summary = "show a stored report",
	.description = "Prints a report that `run` wrote, in one of the formats of "
		       "`sigsweep list formats`.",
	.options = options,
	.run = run,
};
