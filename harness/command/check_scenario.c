/* SPDX-License-Identifier: MIT */
/* See check_scenario.h. */
#include "harness/command/check_scenario.h"

#include "harness/base/alloc.h"
#include "harness/base/options.h"
#include "harness/base/signals.h"
#include "harness/engine/program.h"
#include "harness/kernel/ptrace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has(const struct manifest *manifest, const struct manifest_need *need,
		const char *build, char *why, size_t size)
{
	char *path = NULL;
	bool there = true;

	switch (need->kind) {
	case MANIFEST_NEED_COMMAND:
		there = program_search(need->text, &path) == 0;
		snprintf(why, size, "there is no command %s here", need->text);
		free(path);
		break;
	case MANIFEST_NEED_FILE:
		path = manifest_built(manifest, build, need->text);
		there = access(path, R_OK) == 0;
		snprintf(why, size, "there is no file %s here", path);
		free(path);
		break;
	case MANIFEST_NEED_ROOT:
		there = geteuid() == 0;
		snprintf(why, size, "it needs root");
		break;
	case MANIFEST_NEED_WATCHPOINTS:
		there = trace_has_watches();
		snprintf(why, size, "the CPU's watchpoints do not work on this machine");
		break;
	}
	if (there)
		why[0] = '\0';
	fail_clear();
	return there;
}

bool check_needs(const struct manifest *manifest, const char *build, bool run_long, char *why,
		 size_t size)
{
	if (manifest->is_long && !run_long) {
		snprintf(why, size, "it is long; make check-all runs it");
		return false;
	}
	for (size_t i = 0; i < manifest->need_count; i++)
		if (!has(manifest, &manifest->needs[i], build, why, size))
			return false;
	return true;
}

static int set_signal(struct scenario *scenario, const char *value)
{
	return signal_from_name(value, &scenario->signal);
}

static int set_boundary(struct scenario *scenario, const char *value)
{
	scenario->injector = injector_find(value);
	return scenario->injector ? 0 : fail(-EINVAL, "there is no injector '%s'", value);
}

static int set_from(struct scenario *scenario, const char *value)
{
	location_free(&scenario->from);
	return location_parse(value, &scenario->from);
}

static int set_to(struct scenario *scenario, const char *value)
{
	location_free(&scenario->to);
	return location_parse(value, &scenario->to);
}

static int set_in(struct scenario *scenario, const char *value)
{
	scenario->in = alloc_text(value);
	return 0;
}

static int set_timeout(struct scenario *scenario, const char *value)
{
	return option_seconds(value, &scenario->timeout);
}

static int set_max_latency(struct scenario *scenario, const char *value)
{
	return option_seconds(value, &scenario->max_latency);
}

static int set_status(struct scenario *scenario, const char *value)
{
	unsigned long long status;
	int error = option_number(value, 0, 255, &status);

	if (!error)
		scenario->baseline_status = (int)status;
	return error;
}

static int apply(const struct manifest *manifest, const struct manifest_text *text,
		 struct scenario *scenario,
		 int (*set)(struct scenario *scenario, const char *value))
{
	int error = text->text ? set(scenario, text->text) : 0;

	return error ? fail_prefix(error, "%s:%u: ", manifest->path, text->line) : 0;
}

static void set_input(const struct manifest *manifest, struct scenario *scenario)
{
	if (manifest->stdin_kind == MANIFEST_STDIN_FILE)
		scenario->stdin_path = alloc_text(manifest->stdin_text);
	else if (manifest->stdin_kind == MANIFEST_STDIN_TEXT)
		scenario->stdin_text = alloc_text(manifest->stdin_text);
}

static void set_command(const struct manifest *manifest, const char *build, const char *python,
			struct scenario *scenario)
{
	char *program = manifest_program(manifest, build, python);

	list_add(&scenario->arguments, program);
	free(program);
	for (size_t i = 0; i < manifest->arguments.count; i++) {
		char *argument = manifest_argument(manifest, build, i);

		list_add(&scenario->arguments, argument);
		free(argument);
	}
	for (size_t i = 0; i < manifest->environment.count; i++)
		list_add(&scenario->environment, manifest->environment.items[i].text);
}

int check_scenario(const struct manifest *manifest, const char *build, const char *python,
		   struct scenario *scenario)
{
	const struct {
		const struct manifest_text *text;
		int (*set)(struct scenario *scenario, const char *value);
	} rows[] = {
		{&manifest->signal, set_signal},
		{&manifest->boundary, set_boundary},
		{&manifest->from, set_from},
		{&manifest->to, set_to},
		{&manifest->in, set_in},
		{&manifest->oracles, scenario_set_oracles},
		{&manifest->expect, scenario_set_expected},
		{&manifest->budget, scenario_set_budget},
		{&manifest->timeout, set_timeout},
		{&manifest->status, set_status},
		{&manifest->max_latency, set_max_latency},
	};
	int error = 0;

	set_command(manifest, build, python, scenario);
	set_input(manifest, scenario);
	for (size_t i = 0; !error && i < sizeof(rows) / sizeof(rows[0]); i++)
		error = apply(manifest, rows[i].text, scenario, rows[i].set);
	return error;
}
