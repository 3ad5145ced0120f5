/* SPDX-License-Identifier: MIT */
/* See scenario_options.h. */
#include "harness/command/scenario_options.h"

#include "harness/base/alloc.h"
#include "harness/base/options.h"
#include "harness/base/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STDIN_MAX                                                                                  \
	(1024 * 1024) /* of a pipe, kept in the report so that a trial can be replayed             \
		       */

static void replace(char **text, const char *value)
{
	free(*text);
	*text = alloc_text(value);
}

static int set_boundary(void *settings, const char *value)
{
	struct run_settings *run = settings;
	const struct injector *injector = injector_find(value);

	if (!injector)
		return fail(-EINVAL, "there is no injector '%s'; see sigsweep list injectors",
			    value);
	run->scenario.injector = injector;
	return 0;
}

static int set_signal(void *settings, const char *value)
{
	struct run_settings *run = settings;

	int error = signal_from_name(value, &run->scenario.signal);

	if (!error && (run->scenario.signal == SIGKILL || run->scenario.signal == SIGSTOP))
		error = fail(-EINVAL, "no program can see SIGKILL or SIGSTOP");
	return error;
}

static int set_location(struct location *location, const char *value)
{
	location_free(location);
	return location_parse(value, location);
}

static int set_from(void *settings, const char *value)
{
	return set_location(&((struct run_settings *)settings)->scenario.from, value);
}

static int set_to(void *settings, const char *value)
{
	return set_location(&((struct run_settings *)settings)->scenario.to, value);
}

static int set_in(void *settings, const char *value)
{
	replace(&((struct run_settings *)settings)->scenario.in, value);
	return 0;
}

static int set_jobs(void *settings, const char *value)
{
	struct run_settings *run = settings;
	unsigned long long jobs;
	int error = option_number(value, 1, 256, &jobs);

	if (!error)
		run->scenario.jobs = (unsigned int)jobs;
	return error;
}

static int set_timeout(void *settings, const char *value)
{
	return option_seconds(value, &((struct run_settings *)settings)->scenario.timeout);
}

static int set_budget(void *settings, const char *value)
{
	return scenario_set_budget(&((struct run_settings *)settings)->scenario, value);
}

static int set_strategy(void *settings, const char *value)
{
	struct run_settings *run = settings;

	run->scenario.strategy = snapshot_find(value);
	return run->scenario.strategy
		       ? 0
		       : fail(-EINVAL, "there is no strategy '%s'; there is: fork", value);
}

static int set_oracles(void *settings, const char *value)
{
	return scenario_set_oracles(&((struct run_settings *)settings)->scenario, value);
}

static int set_expect(void *settings, const char *value)
{
	return scenario_set_expected(&((struct run_settings *)settings)->scenario, value);
}

static int set_max_latency(void *settings, const char *value)
{
	return option_seconds(value, &((struct run_settings *)settings)->scenario.max_latency);
}

static int set_status(void *settings, const char *value)
{
	struct run_settings *run = settings;
	unsigned long long status;
	int error = option_number(value, 0, 255, &status);

	if (!error)
		run->scenario.baseline_status = (int)status;
	return error;
}

static int add_environment(void *settings, const char *value)
{
	if (!*value || *value == '=')
		return fail(-EINVAL, "'%s' is no NAME=VALUE and no NAME", value);
	list_add(&((struct run_settings *)settings)->scenario.environment, value);
	return 0;
}

static int set_directory(void *settings, const char *value)
{
	char *full = realpath(value, NULL);

	/* One that is not there is told of when the program is to enter it. */
	replace(&((struct run_settings *)settings)->scenario.directory, full ? full : value);
	free(full);
	return 0;
}

static int set_stdin(void *settings, const char *value)
{
	replace(&((struct run_settings *)settings)->scenario.stdin_path, value);
	return 0;
}

static int keep_vdso(void *settings, const char *value)
{
	(void)value;
	((struct run_settings *)settings)->scenario.keep_vdso = true;
	return 0;
}

static int add_watched(void *settings, const char *value)
{
	char *full = realpath(value, NULL);

	if (!full)
		return fail(-errno, "cannot watch %s: %s", value, strerror(errno));
	list_add(&((struct run_settings *)settings)->scenario.watched, full);
	free(full);
	return 0;
}

static int set_output(void *settings, const char *value)
{
	replace(&((struct run_settings *)settings)->output, value);
	return 0;
}

static int set_record(void *settings, const char *value)
{
	replace(&((struct run_settings *)settings)->record, value);
	return 0;
}

static int set_quiet(void *settings, const char *value)
{
	(void)value;
	((struct run_settings *)settings)->quiet = true;
	return 0;
}

static int set_verbose(void *settings, const char *value)
{
	(void)value;
	((struct run_settings *)settings)->verbosity++;
	return 0;
}

static int allow_incomplete(void *settings, const char *value)
{
	(void)value;
	((struct run_settings *)settings)->allow_incomplete = true;
	return 0;
}

const struct option_row run_options[] = {
	{"boundary", 'b', "KIND",
	 "where to interrupt (default instruction): see sigsweep list injectors", set_boundary},
	{"signal", 's', "SIGNAL", "the signal, by name or number (default INT)", set_signal},
	{"from", 0, "LOC",
	 "where the window begins (default handler; of a Python program window, else module)",
	 set_from},
	{"to", 0, "LOC",
	 "where the window ends (default exit; of a Python program window, else finalize)", set_to},
	{"in", 0, "GLOB",
	 "only boundaries in modules whose name or path matches (of Python extensions: also in "
	 "what "
	 "they call), or with *.py, in Python files",
	 set_in},
	{"jobs", 'j', "N", "walkers at a time (default: one for each CPU)", set_jobs},
	{"strategy", 0, "NAME", "how trials are made: fork (default)", set_strategy},
	{"oracle", 0, "LIST", "oracles that judge, separated by commas (default: all)",
	 set_oracles},
	{"expect", 0, "LIST",
	 "ends that are no finding (default same,signal:SIG,exit:128+SIG for the signal sent)",
	 set_expect},
	{"status", 0, "N", "the exit status of the program when nothing interrupts it (default 0)",
	 set_status},
	{"timeout", 0, "SECONDS", "limit for one trial (default: twenty times the baseline)",
	 set_timeout},
	{"max-latency", 0, "SECONDS",
	 "time on the CPU within which a CPython must call its handler (default 0.1)",
	 set_max_latency},
	{"budget", 0, "AMOUNT",
	 "try only a sample, spread evenly: SECONDS of the sweep, or a number as in 500trials",
	 set_budget},
	{"env", 'E', "NAME=VALUE", "set (or with NAME alone, unset) an environment variable",
	 add_environment},
	{"directory", 'C', "DIR", "run the program in this directory", set_directory},
	{"watch", 0, "DIR", "files left behind count only in this folder (may be given again)",
	 add_watched},
	{"stdin", 0, "FILE", "the program's standard input (default: that of sigsweep)", set_stdin},
	{"keep-vdso", 0, NULL, "leave the vDSO to the program, for windows that read no clock",
	 keep_vdso},
	{"output", 'o', "REPORT", "the report (default sigsweep.json)", set_output},
	{"record", 0, "FILE", "the journal of the run (default: REPORT with the ending .jsonl)",
	 set_record},
	{"allow-incomplete", 0, NULL,
	 "exit status 0 also when verdicts are unknown, or boundaries were not tried for other "
	 "reasons than a budget",
	 allow_incomplete},
	{"quiet", 'q', NULL, "print no progress and no summary", set_quiet},
	{"verbose", 'v', NULL, "say what is being done", set_verbose},
	{0},
};

static int take_pipe(struct scenario *scenario)
{
	char *bytes = alloc_zero(STDIN_MAX + 1);
	size_t used = 0;
	ssize_t part = 0;

	while (used < STDIN_MAX && (part = read(STDIN_FILENO, bytes + used, STDIN_MAX - used)) > 0)
		used += (size_t)part;
	if (part < 0 || used == STDIN_MAX || strlen(bytes) != used) {
		free(bytes);
		return fail(-EINVAL, "the program's input comes through a pipe (or a file without "
				     "a name) and is binary, "
				     "unreadable or over 1 MiB: give it as --stdin FILE");
	}
	scenario->stdin_text = bytes;
	return 0;
}

int scenario_take_stdin(struct scenario *scenario)
{
	struct stat status;

	if (scenario->stdin_path) {
		char *full = realpath(scenario->stdin_path, NULL);

		if (!full)
			return fail(-errno, "cannot open %s for the program's input: %s",
				    scenario->stdin_path, strerror(errno));
		free(scenario->stdin_path);
		scenario->stdin_path = full;
		return stat(full, &status) == 0 && S_ISDIR(status.st_mode)
			       ? fail(-EISDIR, "%s is a directory, no input for a program", full)
			       : 0;
	}
	if (scenario->stdin_text || fstat(STDIN_FILENO, &status) < 0)
		return 0;
	if (S_ISREG(status.st_mode))
		scenario->stdin_path = realpath("/proc/self/fd/0", NULL);
	/* A file whose name is gone, as of a here-document, is read now like a pipe. */
	if (S_ISFIFO(status.st_mode) || (S_ISREG(status.st_mode) && !scenario->stdin_path))
		return take_pipe(scenario);
	return 0;
}
