/* SPDX-License-Identifier: MIT */
/* See scenario.h. How it looks in JSON: scenario_json.c. */
#include "harness/model/scenario.h"

#include "harness/base/alloc.h"
#include "harness/base/options.h"
#include "harness/engine/program.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void list_add(struct list *list, const char *item)
{
	/* One more than the count, for the NULL behind the last. */
	alloc_grow((void **)&list->items, list->count + 1, &list->capacity, sizeof(*list->items));
	list->items[list->count++] = alloc_text(item);
	list->items[list->count] = NULL;
}

void list_free(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	memset(list, 0, sizeof(*list));
}

void scenario_init(struct scenario *scenario)
{
	memset(scenario, 0, sizeof(*scenario));
	scenario->signal = SIGINT;
	scenario->injector = injector_find("instruction");
	scenario->strategy = &snapshot_fork;
	scenario->max_latency = 0.1;
	for (size_t i = 0; oracle_table[i]; i++)
		scenario->oracles[i] = oracle_table[i];
	(void)!location_parse("handler", &scenario->from);
	(void)!location_parse("exit", &scenario->to);
	scenario->from.is_default = scenario->to.is_default = true;
}

void scenario_free(struct scenario *scenario)
{
	free(scenario->program);
	list_free(&scenario->arguments);
	list_free(&scenario->environment);
	list_free(&scenario->environ);
	list_free(&scenario->watched);
	free(scenario->directory);
	free(scenario->stdin_path);
	free(scenario->stdin_text);
	location_free(&scenario->from);
	location_free(&scenario->to);
	free(scenario->in);
	memset(scenario, 0, sizeof(*scenario));
}

/* Calls `take` with each name of a comma list. */
static int each_name(const char *names, struct scenario *scenario,
		     int (*take)(struct scenario *scenario, const char *name))
{
	char *copy = alloc_text(names);
	char *rest = copy;
	const char *name;
	int error = 0;

	while (!error && (name = strsep(&rest, ",")) != NULL)
		error = *name ? take(scenario, name)
			      : fail(-EINVAL, "'%s': an empty name in the list", names);
	free(copy);
	return error;
}

static int add_oracle(struct scenario *scenario, const char *name)
{
	const struct oracle *oracle = oracle_find(name);
	size_t count = 0;

	if (!oracle)
		return fail(-EINVAL, "there is no oracle '%s'; see sigsweep list oracles", name);
	while (scenario->oracles[count] && scenario->oracles[count] != oracle)
		count++;
	scenario->oracles[count] = oracle;
	return 0;
}

int scenario_set_oracles(struct scenario *scenario, const char *names)
{
	memset(scenario->oracles, 0, sizeof(scenario->oracles));
	return each_name(names, scenario, add_oracle);
}

static int add_expected(struct scenario *scenario, const char *name)
{
	const size_t room = sizeof(scenario->expected) / sizeof(scenario->expected[0]);

	if (scenario->expected_count == room)
		return fail(-EINVAL, "more than %zu expected outcomes", room);
	if (!outcome_parse(name, &scenario->expected[scenario->expected_count]))
		return fail(-EINVAL,
			    "'%s' is no outcome: same, exit:N, signal:NAME, stuck, spinning, "
			    "timeout, stopped, ignored, blocked",
			    name);
	scenario->expected_count++;
	return 0;
}

int scenario_set_expected(struct scenario *scenario, const char *names)
{
	scenario->expected_count = 0;
	return each_name(names, scenario, add_expected);
}

int scenario_set_budget(struct scenario *scenario, const char *value)
{
	static const char unit[] = "trials";
	const size_t length = strlen(value);
	unsigned long long trials;
	int error;

	if (length > sizeof(unit) - 1 && strcmp(value + length - (sizeof(unit) - 1), unit) == 0) {
		char *number = strndup(value, length - (sizeof(unit) - 1));

		error = option_number(number, 1, UINT64_MAX, &trials);
		free(number);
		if (!error)
			scenario->budget_trials = trials;
		return error;
	}
	return option_seconds(value, &scenario->budget_seconds);
}

bool scenario_expects(const struct scenario *scenario, const struct outcome *outcome)
{
	if (outcome->kind == OUTCOME_SAME)
		return true;
	for (size_t i = 0; i < scenario->expected_count; i++)
		if (scenario->expected[i].kind == outcome->kind &&
		    scenario->expected[i].number == outcome->number)
			return true;
	return false;
}

static bool is_name_of(const char *entry, const char *change)
{
	const size_t length = strcspn(change, "=");

	return strncmp(entry, change, length) == 0 && entry[length] == '=';
}

static bool is_changed(const struct scenario *scenario, const char *entry)
{
	for (size_t i = 0; i < scenario->environment.count; i++)
		if (is_name_of(entry, scenario->environment.items[i]))
			return true;
	return false;
}

static void make_environment(struct scenario *scenario)
{
	list_free(&scenario->environ);
	for (char **entry = environ; *entry; entry++)
		if (!is_changed(scenario, *entry))
			list_add(&scenario->environ, *entry);
	for (size_t i = 0; i < scenario->environment.count; i++)
		if (strchr(scenario->environment.items[i], '='))
			list_add(&scenario->environ, scenario->environment.items[i]);
	if (!scenario->environ.items)
		scenario->environ.items = alloc_zero(sizeof(char *));
}

static int find_program(struct scenario *scenario, bool *is_python)
{
	struct program_info info;
	int error;

	if (!scenario->arguments.count)
		return fail(-EINVAL, "no program to run: give it after --");
	if (!scenario->program) {
		error = program_search(scenario->arguments.items[0], &scenario->program);
		if (error)
			return error;
	}
	error = program_inspect(scenario->program, &info);
	if (error)
		return error;
	*is_python = info.is_python;
	program_info_free(&info);
	return 0;
}

static void replace_default(struct location *location, const char *text)
{
	if (!location->is_default)
		return;
	location_free(location);
	(void)!location_parse(text, location);
	location->is_default = true;
}

static void add_default(struct scenario *scenario, const char *name, const char *change)
{
	for (size_t i = 0; i < scenario->environment.count; i++)
		if (is_name_of(change, scenario->environment.items[i]))
			return;
	if (!getenv(name))
		list_add(&scenario->environment, change);
}

/*
 * A script is swept from its first line to where the interpreter begins to take everything down,
 * unless it opens a window.
 * Each run must take the same way through sets and dicts, and the companion module must know that
 * somebody listens.
 */
static void python_defaults(struct scenario *scenario)
{
	scenario->takes_window = scenario->from.is_default && scenario->to.is_default;
	replace_default(&scenario->from, "module");
	replace_default(&scenario->to,
			scenario->from.kind == LOCATION_WINDOW ? "window" : "finalize");
	add_default(scenario, "PYTHONHASHSEED", "PYTHONHASHSEED=0");
	/* What its compiler (3.13 and later, where it was built with one) has made of a loop has no
	 * opcodes. */
	add_default(scenario, "PYTHON_JIT", "PYTHON_JIT=0");
	add_default(scenario, "SIGSWEEP", "SIGSWEEP=1");
}

void scenario_take_python(struct scenario *scenario)
{
	python_defaults(scenario);
	make_environment(scenario);
}

/* The ends that are fine by default: as if nothing had been, or as one that a signal ended. */
static void default_expected(struct scenario *scenario)
{
	scenario->expected[scenario->expected_count++] = (struct outcome){.kind = OUTCOME_SAME};
	scenario->expected[scenario->expected_count++] =
		(struct outcome){OUTCOME_SIGNAL, scenario->signal};
	scenario->expected[scenario->expected_count++] =
		(struct outcome){OUTCOME_EXIT, 128 + scenario->signal};
}

int scenario_finish(struct scenario *scenario)
{
	bool is_python = false;
	int error = find_program(scenario, &is_python);

	if (error)
		return error;
	if (scenario->signal == SIGKILL || scenario->signal == SIGSTOP)
		return fail(-EINVAL,
			    "no program can see SIGKILL or SIGSTOP, so there is nothing to "
			    "sweep");
	if (is_python || location_is_python(&scenario->from))
		python_defaults(scenario);
	if (!scenario->expected_count)
		default_expected(scenario);
	if (!scenario->jobs)
		scenario->jobs = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	make_environment(scenario);
	return 0;
}
