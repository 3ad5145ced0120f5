/* SPDX-License-Identifier: MIT */
/* sigsweep check: sweep the targets of manifests and compare with the verdicts that they declare.
 */
#include "harness/base/alloc.h"
#include "harness/command/check_compare.h"
#include "harness/command/check_python.h"
#include "harness/command/check_scenario.h"
#include "harness/command/command.h"
#include "harness/command/sweep.h"
#include "reports/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct settings {
	char *build;
	char *reports;
	char *python;
	char *version;    /* of python, once it was asked */
	char *no_version; /* why there is none */
	unsigned int jobs;
	bool run_long;
};

struct score {
	unsigned int passed;
	unsigned int failed;
	unsigned int skipped;
};

static int set_build(void *settings, const char *value)
{
	((struct settings *)settings)->build = alloc_text(value);
	return 0;
}

static int set_reports(void *settings, const char *value)
{
	((struct settings *)settings)->reports = alloc_text(value);
	return 0;
}

static int set_python(void *settings, const char *value)
{
	((struct settings *)settings)->python = alloc_text(value);
	return 0;
}

static int set_jobs(void *settings, const char *value)
{
	unsigned long long jobs;
	int error = option_number(value, 1, 256, &jobs);

	if (!error)
		((struct settings *)settings)->jobs = (unsigned int)jobs;
	return error;
}

static int set_long(void *settings, const char *value)
{
	(void)value;
	((struct settings *)settings)->run_long = true;
	return 0;
}

static const struct option_row options[] = {
	{"build", 0, "DIR", "where targets were built (default build)", set_build},
	{"reports", 0, "DIR", "keep each report and record there, named after its manifest",
	 set_reports},
	{"python", 0, "PATH",
	 "the CPython of manifests with `program: python` (default /usr/bin/python3)", set_python},
	{"jobs", 'j', "N", "walkers at a time (default: one for each CPU)", set_jobs},
	{"long", 0, NULL, "also manifests that are marked as long", set_long},
	{0},
};

/* FOLDER-NAME.json for targets/FOLDER/NAME.manifest, in the folder of reports. */
static char *report_path(const struct settings *settings, const struct manifest *manifest)
{
	const char *name = strrchr(manifest->path, '/');
	const char *folder = strrchr(manifest->folder, '/');
	char *path;

	name = name ? name + 1 : manifest->path;
	folder = folder ? folder + 1 : manifest->folder;
	path = alloc_format("%s/%s-%.*s.json", settings->reports, folder, (int)strcspn(name, "."),
			    name);
	return path;
}

static int make_folder(const char *reports)
{
	if (mkdir(reports, 0777) < 0 && errno != EEXIST)
		return fail(-errno, "cannot make %s: %s", reports, strerror(errno));
	return 0;
}

static void tell(const char *verdict, const struct manifest *manifest, const char *why)
{
	printf("%-5s %s%s%s\n", verdict, manifest->path, *why ? ": " : "", why);
	fflush(stdout);
}

static void compare(const struct manifest *manifest, const json_t *report, struct score *score)
{
	struct difference difference = {0};

	compare_report(manifest, report, &difference);
	score->failed += difference.count > 0;
	score->passed += difference.count == 0;
	tell(difference.count ? "FAIL" : "ok", manifest, "");
	difference_print(&difference, stdout);
	difference_free(&difference);
}

/* REPORT.json has the record REPORT.jsonl beside it, where reports are kept. */
static int sweep_and_compare(const struct settings *settings, const struct manifest *manifest,
			     struct scenario *scenario, struct score *score)
{
	char *path = settings->reports ? report_path(settings, manifest) : NULL;
	char *record = path ? alloc_format("%sl", path) : NULL;
	struct sweep sweep = {
		.scenario = scenario, .output = path, .record = record, .quiet = true};
	int error = path ? make_folder(settings->reports) : 0;

	if (!error)
		error = sweep_run(&sweep);
	if (!error && path)
		error = report_write(sweep.report, path);
	if (!error)
		compare(manifest, sweep.report, score);
	json_decref(sweep.report);
	free(record);
	free(path);
	return sweep.was_interrupted && !error ? fail(-EAGAIN, "interrupted") : error;
}

/* Has the manifest a verdict for the interpreter that there is? */
static bool is_declared(const struct settings *settings, const struct manifest *manifest, char *why,
			size_t size)
{
	if (manifest->is_python && !settings->version)
		snprintf(why, size, "%s", settings->no_version);
	else if (manifest->verdict == MANIFEST_UNDECLARED)
		snprintf(why, size, "it declares nothing for CPython %s", settings->version);
	else
		return true;
	return false;
}

/* The interpreter is asked for its version when the first manifest needs one. */
static int read_manifest(struct settings *settings, const char *path, struct manifest *manifest)
{
	int error = manifest_read(manifest, path, settings->version);

	if (error || !manifest->is_python || settings->version || settings->no_version)
		return error;
	if (check_python_version(settings->python, &settings->version)) {
		settings->no_version = alloc_text(fail_text());
		fail_clear();
		return 0;
	}
	manifest_free(manifest);
	return manifest_read(manifest, path, settings->version);
}

static int check_manifest(const struct settings *settings, const struct manifest *manifest,
			  struct score *score)
{
	struct scenario scenario;
	char why[256];
	int error;

	if (!is_declared(settings, manifest, why, sizeof(why)) ||
	    !check_needs(manifest, settings->build, settings->run_long, why, sizeof(why))) {
		score->skipped++;
		tell("skip", manifest, why);
		return 0;
	}
	scenario_init(&scenario);
	error = check_scenario(manifest, settings->build, settings->python, &scenario);
	if (!error && settings->jobs)
		scenario.jobs = settings->jobs;
	if (!error)
		error = scenario_finish(&scenario);
	if (!error)
		error = sweep_and_compare(settings, manifest, &scenario, score);
	if (error) {
		score->failed++;
		tell("FAIL", manifest, fail_text());
	}
	scenario_free(&scenario);
	return error;
}

static int check_all(struct settings *settings, int count, char **paths)
{
	struct score score = {0};
	int status = STATUS_OK;

	for (int i = 0; i < count; i++) {
		struct manifest manifest;
		int error = read_manifest(settings, paths[i], &manifest);

		if (error)
			return command_fail(error);
		error = check_manifest(settings, &manifest, &score);
		manifest_free(&manifest);
		if (error)
			status = STATUS_FAILED;
		if (error == -EAGAIN)
			break;
	}
	printf("%u passed, %u failed, %u skipped\n", score.passed, score.failed, score.skipped);
	if (status)
		return status;
	if (score.failed)
		return STATUS_FINDINGS;
	return score.passed ? STATUS_OK : STATUS_SKIPPED;
}

static int run(int count, char **arguments)
{
	struct settings settings = {0};
	int first;
	int status;
	int error = options_parse_mixed(&command_check, &count, arguments, &settings, &first);

	if (error == 1)
		return STATUS_OK;
	if (!error && first == count)
		error = fail(-EINVAL, "check takes one manifest or more");
	if (!settings.build)
		settings.build = alloc_text("build");
	if (!settings.python)
		settings.python = alloc_text("/usr/bin/python3");
	status = error ? command_fail(error)
		       : check_all(&settings, count - first, arguments + first);
	free(settings.build);
	free(settings.reports);
	free(settings.python);
	free(settings.version);
	free(settings.no_version);
	return status;
}

const struct command command_check = {
	.name = "check",
	.operands = "[options] MANIFEST...",
	.summary = "sweep targets and compare with the verdicts that they declare",
	.description = "Each MANIFEST (docs/manifest.md) declares a scenario and its verdict. Exit "
		       "status 1 when one is not as declared, 77 when all were skipped.",
	.options = options,
	.run = run,
};
