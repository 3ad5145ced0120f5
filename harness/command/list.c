/* SPDX-License-Identifier: MIT */
/* sigsweep list: what there is to choose from. */
#include "harness/command/command.h"
#include "harness/engine/snapshot.h"
#include "harness/kernel/ptrace.h"
#include "harness/model/injector.h"
#include "harness/model/manifest.h"
#include "harness/model/oracle.h"
#include "reports/view.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

static void print_row(const char *name, const char *help)
{
	printf("%-16s %s\n", name, help);
}

static int list_injectors(void)
{
	for (size_t i = 0; injector_table[i]; i++)
		print_row(injector_table[i]->name, injector_table[i]->help);
	return 0;
}

static int list_oracles(void)
{
	for (size_t i = 0; oracle_table[i]; i++)
		print_row(oracle_table[i]->name, oracle_table[i]->help);
	return 0;
}

static int list_formats(void)
{
	for (size_t i = 0; view_table[i]; i++)
		print_row(view_table[i]->name, view_table[i]->help);
	return 0;
}

static int list_strategies(void)
{
	for (size_t i = 0; snapshot_strategies[i]; i++)
		print_row(snapshot_strategies[i]->name, snapshot_strategies[i]->help);
	return 0;
}

/* The manifests of the tree one stands in. */
static int list_targets(void)
{
	static const char *const verdicts[] = {[MANIFEST_UNDECLARED] = "depends",
					       [MANIFEST_GOOD] = "good",
					       [MANIFEST_BAD] = "bad"};
	glob_t found;
	int error = 0;

	if (glob("targets/*/*.manifest", 0, NULL, &found) != 0)
		return fail(-ENOENT, "no targets/*/*.manifest here: targets are listed in a "
				     "checkout of sigsweep");
	for (size_t i = 0; !error && i < found.gl_pathc; i++) {
		struct manifest manifest;

		error = manifest_read(&manifest, found.gl_pathv[i], NULL);
		if (error)
			break;
		printf("%-44s %-7s %s\n", found.gl_pathv[i], verdicts[manifest.verdict],
		       manifest.title.text ? manifest.title.text : "");
		manifest_free(&manifest);
	}
	globfree(&found);
	return error;
}

/* What was tried out, not what is said of it somewhere. */
static int list_machine(void)
{
	struct utsname system;
	const int ptrace_error = trace_probe();

	if (uname(&system) == 0)
		printf("%-16s %s %s, %s\n", "system", system.sysname, system.release,
		       system.machine);
	print_row("ptrace", ptrace_error ? fail_text() : "works");
	if (ptrace_error)
		return ptrace_error;
	print_row("watchpoints", trace_has_watches() ? "the CPU's work"
						     : "the CPU's do not work: what needs them is "
						       "stepped, and unknown where that would take "
						       "too long");
	return 0;
}

static const struct {
	const char *name;
	int (*print)(void);
} lists[] = {
	{"injectors", list_injectors}, {"oracles", list_oracles},       {"formats", list_formats},
	{"targets", list_targets},     {"strategies", list_strategies}, {"machine", list_machine},
};

static int list(const char *name)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strcmp(lists[i].name, name) == 0)
			return lists[i].print();
	return fail(-EINVAL,
		    "there is no list of '%s': injectors, oracles, formats, targets, "
		    "strategies, machine",
		    name);
}

static int run(int count, char **arguments)
{
	int first;
	int error = options_parse_mixed(&command_list, &count, arguments, NULL, &first);

	if (error == 1)
		return STATUS_OK;
	if (!error && count - first != 1)
		error = fail(-EINVAL, "list takes one of: injectors, oracles, formats, targets, "
				      "strategies, machine");
	if (!error)
		error = list(arguments[first]);
	return error ? command_fail(error) : STATUS_OK;
}

static const struct option_row no_options[] = {{0}};

const struct command command_list = {
	.name = "list",
	.operands = "injectors|oracles|formats|targets|strategies|machine",
	.summary = "list what there is to choose from",
	.description = "Prints a table of names and what each is for.",
	.options = no_options,
	.run = run,
};
