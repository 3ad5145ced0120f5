/* SPDX-License-Identifier: MIT */
/* A scenario as JSON, complete enough to be run again from a report. */
#include "harness/base/alloc.h"
#include "harness/base/signals.h"
#include "harness/model/evidence.h"
#include "harness/model/scenario.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *text(const char *bytes)
{
	return bytes ? evidence_text(bytes, strlen(bytes), strlen(bytes)) : json_null();
}

static json_t *texts(const struct list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, text(list->items[i]));
	return array;
}

static json_t *outcomes(const struct scenario *scenario)
{
	json_t *array = json_array();
	char name[OUTCOME_TEXT];

	for (size_t i = 0; i < scenario->expected_count; i++)
		json_array_append_new(array,
				      json_string(outcome_text(&scenario->expected[i], name)));
	return array;
}

static json_t *oracles(const struct scenario *scenario)
{
	json_t *array = json_array();

	for (size_t i = 0; scenario->oracles[i]; i++)
		json_array_append_new(array, json_string(scenario->oracles[i]->name));
	return array;
}

static json_t *input(const struct scenario *scenario)
{
	if (scenario->stdin_path)
		return json_pack("{s:o}", "file", text(scenario->stdin_path));
	return json_pack("{s:o}", "text", text(scenario->stdin_text ? scenario->stdin_text : ""));
}

static json_t *directory(const struct scenario *scenario)
{
	char *present;
	json_t *object;

	if (scenario->directory)
		return text(scenario->directory);
	present = getcwd(NULL, 0);
	object = text(present);
	free(present);
	return object;
}

static json_t *budget(const struct scenario *scenario)
{
	if (scenario->budget_trials)
		return json_pack("{s:I}", "trials", (json_int_t)scenario->budget_trials);
	if (scenario->budget_seconds > 0)
		return json_pack("{s:f}", "seconds", scenario->budget_seconds);
	return json_null();
}

json_t *scenario_json(const struct scenario *scenario)
{
	const bool is_sample = scenario->budget_trials || scenario->budget_seconds > 0;
	char name[SIGNAL_NAME_SIZE];

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:{s:o, s:o, s:o}, s:s, s:s, s:o, "
			 "s:o, s:i, s:f, s:f, "
			 "s:o, s:b, s:o, s:i, s:n, s:n}",
			 "program", text(scenario->program), "argv", texts(&scenario->arguments),
			 "environment", texts(&scenario->environment), "directory",
			 directory(scenario), "stdin", input(scenario), "signal",
			 signal_name(scenario->signal, name), "boundary", scenario->injector->name,
			 "window", "from", text(scenario->from.text), "to", text(scenario->to.text),
			 "in", text(scenario->in), "strategy", scenario->strategy->name, "mode",
			 is_sample ? "sampled" : "exhaustive", "oracles", oracles(scenario),
			 "expect", outcomes(scenario), "status", scenario->baseline_status,
			 "timeout", scenario->timeout, "max_latency", scenario->max_latency,
			 "budget", budget(scenario), "keep_vdso", scenario->keep_vdso, "watched",
			 texts(&scenario->watched), "jobs", (int)scenario->jobs, "shard", "seed");
}

static int wrong(const char *member)
{
	return fail(-EINVAL, "the report's scenario has no usable `%s`", member);
}

static const char *member_text(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

static int read_texts(const json_t *object, const char *member, struct list *list)
{
	const json_t *array = json_object_get(object, member);
	const json_t *item;
	size_t i;

	if (!json_is_array(array))
		return wrong(member);
	json_array_foreach (array, i, item) {
		if (!json_is_string(item))
			return wrong(member);
		list_add(list, json_string_value(item));
	}
	return 0;
}

static int read_window(struct scenario *scenario, const json_t *window)
{
	const char *from = member_text(window, "from");
	const char *to = member_text(window, "to");
	int error;

	if (!from || !to)
		return wrong("window");
	location_free(&scenario->from);
	location_free(&scenario->to);
	error = location_parse(from, &scenario->from);
	if (!error)
		error = location_parse(to, &scenario->to);
	scenario->in = alloc_text(member_text(window, "in"));
	return error;
}

static int read_names(struct scenario *scenario, const json_t *object, const char *member,
		      int (*set)(struct scenario *scenario, const char *names))
{
	const json_t *array = json_object_get(object, member);
	char *names = NULL;
	const json_t *item;
	size_t i;
	int error;

	json_array_foreach (array, i, item) {
		char *longer = alloc_format("%s%s%s", names ? names : "", names ? "," : "",
					    json_string_value(item) ? json_string_value(item) : "");

		free(names);
		names = longer;
	}
	error = names ? set(scenario, names) : wrong(member);
	free(names);
	return error;
}

static int read_kinds(struct scenario *scenario, const json_t *object)
{
	const char *signal = member_text(object, "signal");
	const char *boundary = member_text(object, "boundary");
	const char *strategy = member_text(object, "strategy");

	scenario->injector = boundary ? injector_find(boundary) : NULL;
	scenario->strategy = strategy ? snapshot_find(strategy) : NULL;
	if (!scenario->injector)
		return wrong("boundary");
	if (!scenario->strategy)
		return wrong("strategy");
	return signal ? signal_from_name(signal, &scenario->signal) : wrong("signal");
}

int scenario_from_json(struct scenario *scenario, const json_t *object)
{
	const json_t *stdin_object = json_object_get(object, "stdin");
	int error = read_texts(object, "argv", &scenario->arguments);

	if (!error)
		error = read_texts(object, "environment", &scenario->environment);
	if (!error && json_object_get(object, "watched"))
		error = read_texts(object, "watched", &scenario->watched);
	if (!error)
		error = read_kinds(scenario, object);
	if (!error)
		error = read_window(scenario, json_object_get(object, "window"));
	if (!error)
		error = read_names(scenario, object, "oracles", scenario_set_oracles);
	if (!error)
		error = read_names(scenario, object, "expect", scenario_set_expected);
	if (error)
		return error;
	scenario->program = alloc_text(member_text(object, "program"));
	scenario->directory = alloc_text(member_text(object, "directory"));
	scenario->stdin_path = alloc_text(member_text(stdin_object, "file"));
	scenario->stdin_text = alloc_text(member_text(stdin_object, "text"));
	scenario->baseline_status = (int)json_integer_value(json_object_get(object, "status"));
	scenario->timeout = json_number_value(json_object_get(object, "timeout"));
	if (json_is_number(json_object_get(object, "max_latency")))
		scenario->max_latency = json_number_value(json_object_get(object, "max_latency"));
	scenario->keep_vdso = json_is_true(json_object_get(object, "keep_vdso"));
	scenario->jobs = 1;
	return 0;
}
