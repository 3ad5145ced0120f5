/* SPDX-License-Identifier: MIT */
/* jansson's errors, and shapes that are not a report's, in words. */
#include "reports/load.h"

#include "harness/base/alloc.h"
#include "reports/report.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct top_member {
	const char *name;
	json_type type;
	const char *type_name;
	int may_be_null;
} top_members[] = {
	{"tool", JSON_OBJECT, "an object", 0},     {"host", JSON_OBJECT, "an object", 0},
	{"scenario", JSON_OBJECT, "an object", 0}, {"modules", JSON_ARRAY, "a list", 0},
	{"baseline", JSON_OBJECT, "an object", 1}, {"boundaries", JSON_OBJECT, "an object", 0},
	{"outcomes", JSON_OBJECT, "an object", 0}, {"unknown", JSON_ARRAY, "a list", 0},
	{"delivery", JSON_OBJECT, "an object", 0}, {"findings", JSON_ARRAY, "a list", 0},
	{"fidelity", JSON_ARRAY, "a list", 0},     {"timing", JSON_OBJECT, "an object", 0},
};

static int open_file(const char *path, FILE **file, off_t *size)
{
	struct stat status = {0};

	*file = fopen(path, "re");
	if (!*file)
		return fail(-errno, "cannot read the report %s: %s", path, strerror(errno));
	if (fstat(fileno(*file), &status) == 0 && S_ISDIR(status.st_mode)) {
		fclose(*file);
		return fail(-EISDIR, "cannot read the report %s: it is a directory", path);
	}
	*size = S_ISREG(status.st_mode) ? status.st_size : INT_MAX;
	return 0;
}

static int fail_record(const char *path)
{
	return fail(-EINVAL, "%s is a record (the journal of a run), not a report", path);
}

static int explain(const char *path, const json_error_t *error, off_t size, const json_t *first)
{
	/* A record begins like a report with too much behind it. */
	if (json_is_string(json_object_get(first, "type")))
		return fail_record(path);
	if (size == 0)
		return fail(-EINVAL, "%s is empty: no report was stored in it", path);
	/* A word that is cut in two is "invalid" to jansson; what matters is that nothing follows.
	 */
	if (json_error_code(error) == json_error_premature_end_of_input || error->position >= size)
		return fail(-EINVAL, "%s:%d:%d: the report is cut off here", path, error->line,
			    error->column);
	return fail(-EINVAL, "%s:%d:%d: no report: %s", path, error->line, error->column,
		    error->text);
}

static int parse(const char *path, json_t **report)
{
	json_error_t error;
	json_t *first = NULL;
	FILE *file;
	off_t size = 0;
	int result = open_file(path, &file, &size);

	if (result < 0)
		return result;
	*report = json_loadf(file, JSON_ALLOW_NUL, &error);
	if (!*report) {
		json_error_t unused;

		rewind(file);
		first = json_loadf(file, JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK, &unused);
		result = explain(path, &error, size, first);
		json_decref(first);
	}
	fclose(file);
	return result;
}

static int check_schema(const char *path, const json_t *report)
{
	const char *schema = json_string_value(json_object_get(report, "schema"));

	if (json_is_string(json_object_get(report, "type")))
		return fail_record(path);
	if (!schema)
		return fail(-EINVAL, "%s is JSON, but no report of sigsweep: it has no `schema`",
			    path);
	if (strcmp(schema, REPORT_SCHEMA) != 0)
		return fail(-EINVAL, "%s has the schema %s; this sigsweep reads %s", path, schema,
			    REPORT_SCHEMA);
	return 0;
}

static int check_members(const char *path, const json_t *report)
{
	for (size_t n = 0; n < sizeof(top_members) / sizeof(*top_members); n++) {
		const struct top_member *member = &top_members[n];
		const json_t *value = json_object_get(report, member->name);

		if (!value)
			return fail(-EINVAL, "%s: the report has no `%s`", path, member->name);
		if (json_typeof(value) != member->type &&
		    !(json_is_null(value) && member->may_be_null))
			return fail(-EINVAL, "%s: `%s` should be %s", path, member->name,
				    member->type_name);
	}
	return 0;
}

int report_load(const char *path, json_t **report)
{
	int result = parse(path, report);

	if (result < 0)
		return result;
	result = check_schema(path, *report);
	if (result == 0)
		result = check_members(path, *report);
	if (result < 0) {
		json_decref(*report);
		*report = NULL;
	}
	return result;
}

#define ID_START_MIN 4
#define IDS_LISTED 20

static const char *id_of(const json_t *finding)
{
	const char *id = json_string_value(json_object_get(finding, "id"));

	return id ? id : "";
}

/* "a, b, c" of the report's findings; the caller frees. */
static char *list_ids(const json_t *findings)
{
	char *list = alloc_text("");
	const json_t *finding;
	size_t n;

	json_array_foreach (findings, n, finding) {
		char *longer = alloc_format("%s%s%s", list, n ? ", " : "",
					    n < IDS_LISTED ? id_of(finding) : "...");

		free(list);
		list = longer;
		if (n == IDS_LISTED)
			break;
	}
	return list;
}

/* Those that count, and those that do not; a new array. */
static json_t *all_findings(const json_t *report)
{
	json_t *all = json_copy(json_object_get(report, "findings"));
	json_t *benign = json_object_get(report, "benign");

	if (json_is_array(benign))
		json_array_extend(all, benign);
	return all;
}

static int find_in(const json_t *findings, const char *id, const json_t **finding)
{
	const json_t *candidate;
	size_t matches = 0;
	size_t n;
	char *list;

	json_array_foreach (findings, n, candidate) {
		if (strcmp(id_of(candidate), id) == 0) {
			*finding = candidate;
			return 0;
		}
		if (strlen(id) >= ID_START_MIN && strncmp(id_of(candidate), id, strlen(id)) == 0) {
			*finding = candidate;
			matches++;
		}
	}
	if (matches == 1)
		return 0;
	if (json_array_size(findings) == 0)
		return fail(-ENOENT, "there is no finding %s: the report has none at all", id);
	list = list_ids(findings);
	if (matches > 1)
		fail(-EINVAL, "%s stands for %zu findings; there are: %s", id, matches, list);
	else
		fail(-ENOENT, "there is no finding %s; there are: %s", id, list);
	free(list);
	return matches > 1 ? -EINVAL : -ENOENT;
}

int report_find(const json_t *report, const char *id, const json_t **finding)
{
	json_t *all = all_findings(report);
	int error = find_in(all, id, finding);

	json_decref(all);
	return error;
}
