/* SPDX-License-Identifier: MIT */
/* See check_compare.h. */
#include "harness/command/check_compare.h"

#include "harness/base/alloc.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void __attribute__((format(printf, 4, 5)))
differ(struct difference *difference, const struct manifest *manifest, unsigned int line,
       const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = alloc_text("out of memory");
	va_end(arguments);
	alloc_grow((void **)&difference->lines, difference->count, &difference->capacity,
		   sizeof(*difference->lines));
	difference->lines[difference->count++] =
		line ? alloc_format("%s:%u: %s", manifest->path, line, text)
		     : alloc_format("%s: %s", manifest->path, text);
	free(text);
}

static const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

/* The function that was interrupted, or Python's that it executes. */
static bool is_in_function(const json_t *finding, const char *glob)
{
	const json_t *where = json_object_get(finding, "where");

	return fnmatch(glob, text_of(where, "function"), 0) == 0 ||
	       fnmatch(glob, text_of(json_object_get(where, "python"), "function"), 0) == 0;
}

static bool is_declared_by(const struct manifest_finding *declared, const json_t *finding)
{
	if (strcmp(declared->oracle, text_of(finding, "oracle")) != 0 ||
	    strcmp(declared->kind, text_of(finding, "kind")) != 0)
		return false;
	return !declared->function || is_in_function(finding, declared->function);
}

/* What counts, or what the program declares harmless. */
struct declaration {
	const char *word;
	const struct manifest_finding *list;
	size_t count;
};

static bool is_declared(const struct declaration *declared, const json_t *finding)
{
	for (size_t i = 0; i < declared->count; i++)
		if (is_declared_by(&declared->list[i], finding))
			return true;
	return false;
}

static void compare_findings(const struct manifest *manifest, const struct declaration *declaration,
			     const json_t *findings, struct difference *difference)
{
	const json_t *finding;
	size_t i;

	json_array_foreach (findings, i, finding) {
		if (!is_declared(declaration, finding))
			differ(difference, manifest, 0, "unexpected %s %s/%s in %s: %s",
			       declaration->word, text_of(finding, "oracle"),
			       text_of(finding, "kind"),
			       text_of(json_object_get(finding, "where"), "function"),
			       text_of(finding, "title"));
	}
	for (size_t n = 0; n < declaration->count; n++) {
		const struct manifest_finding *declared = &declaration->list[n];
		bool found = false;

		json_array_foreach (findings, i, finding)
			found |= is_declared_by(declared, finding);
		if (!found)
			differ(difference, manifest, declared->line, "no %s %s/%s%s%s",
			       declaration->word, declared->oracle, declared->kind,
			       declared->function ? " in " : "",
			       declared->function ? declared->function : "");
	}
}

static void compare_named(const struct manifest *manifest, const struct manifest_count *declared,
			  const json_t *counts, struct difference *difference)
{
	json_int_t sum = 0;
	const char *name;
	json_t *count;

	json_object_foreach ((json_t *)counts, name, count) {
		if (fnmatch(declared->name, name, 0) == 0)
			sum += json_integer_value(count);
	}
	if (sum == 0)
		differ(difference, manifest, declared->line, "%s did not occur", declared->name);
	else if (declared->has_count && (uint64_t)sum != declared->count)
		differ(difference, manifest, declared->line, "%s occurred %lld times, not %llu",
		       declared->name, (long long)sum, (unsigned long long)declared->count);
}

static void compare_counts(const struct manifest *manifest, const struct manifest_count *declared,
			   size_t declared_count, const json_t *counts,
			   struct difference *difference)
{
	const char *name;
	json_t *count;

	if (!declared_count)
		return;
	for (size_t i = 0; i < declared_count; i++)
		compare_named(manifest, &declared[i], counts, difference);
	json_object_foreach ((json_t *)counts, name, count) {
		bool known = false;

		for (size_t i = 0; i < declared_count; i++)
			known |= fnmatch(declared[i].name, name, 0) == 0;
		if (!known)
			differ(difference, manifest, 0,
			       "%s occurred %lld times and is not declared", name,
			       (long long)json_integer_value(count));
	}
}

/* UNKNOWN is no pass: a manifest says `complete: no` where it is to be taken as it is. */
static void compare_unknown(const struct manifest *manifest, const json_t *report,
			    struct difference *difference)
{
	const json_t *unknown;
	size_t i;

	if (!manifest->complete)
		return;
	json_array_foreach (json_object_get(report, "unknown"), i, unknown)
		differ(difference, manifest, 0, "unknown at %lld boundaries: %s: %s",
		       (long long)json_integer_value(json_object_get(unknown, "count")),
		       text_of(unknown, "oracle"), text_of(unknown, "reason"));
}

static void compare_complete(const struct manifest *manifest, const json_t *report,
			     struct difference *difference)
{
	const json_t *boundaries = json_object_get(report, "boundaries");
	const json_t *reason;
	size_t i;

	if (!manifest->complete)
		return;
	json_array_foreach (json_object_get(boundaries, "why_incomplete"), i, reason)
		differ(difference, manifest, 0, "not complete: %s", json_string_value(reason));
	if (json_integer_value(json_object_get(boundaries, "injected")) == 0)
		differ(difference, manifest, 0, "nothing was tried");
}

void compare_report(const struct manifest *manifest, const json_t *report,
		    struct difference *difference)
{
	const struct declaration findings = {"finding", manifest->findings,
					     manifest->finding_count};
	const struct declaration benign = {"benign finding", manifest->benign,
					   manifest->benign_count};

	compare_findings(manifest, &findings, json_object_get(report, "findings"), difference);
	compare_findings(manifest, &benign, json_object_get(report, "benign"), difference);
	compare_counts(manifest, manifest->outcomes, manifest->outcome_count,
		       json_object_get(report, "outcomes"), difference);
	compare_counts(manifest, manifest->deliveries, manifest->delivery_count,
		       json_object_get(report, "delivery"), difference);
	compare_counts(manifest, manifest->wents, manifest->went_count,
		       json_object_get(report, "went"), difference);
	compare_complete(manifest, report, difference);
	compare_unknown(manifest, report, difference);
}

void difference_print(const struct difference *difference, FILE *out)
{
	for (size_t i = 0; i < difference->count; i++)
		fprintf(out, "      %s\n", difference->lines[i]);
}

void difference_free(struct difference *difference)
{
	for (size_t i = 0; i < difference->count; i++)
		free(difference->lines[i]);
	free(difference->lines);
}
