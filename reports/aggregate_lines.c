/* SPDX-License-Identifier: MIT */
/*
 * What each kind of line of a record adds to the sums. Each function looks at the whole line before
 * it changes anything, so that a bad line is refused as a whole.
 */
#include "harness/base/alloc.h"
#include "reports/aggregate.h"
#include "reports/counting.h"
#include "reports/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATOR "\x1f" /* joins parts of a name, never printed */

/* Reads members by jansson's format; the sentence names the kind of line and what is wrong. */
#define unpack(line, kind, ...)                                                                    \
	check_unpack(json_unpack_ex((json_t *)(line), &error, 0, __VA_ARGS__), kind, &error)

static int check_unpack(int result, const char *kind, const json_error_t *error)
{
	if (result == 0)
		return 0;
	return fail(-EINVAL, "`%s` line: %s", kind, error->text);
}

static int check_texts(const json_t *list, const char *kind, const char *member)
{
	const json_t *text;
	size_t n;

	if (list && !json_is_array(list))
		return fail(-EINVAL, "`%s` line: `%s` is no list", kind, member);
	json_array_foreach (list, n, text) {
		if (!json_is_string(text))
			return fail(-EINVAL, "`%s` line: `%s` holds something else than text", kind,
				    member);
	}
	return 0;
}

static int check_reason(const json_t *benign, const char *kind)
{
	if (benign && !json_string_length(benign))
		return fail(-EINVAL, "`%s` line: `benign` is no reason", kind);
	return 0;
}

static int check_index(json_int_t index, const char *kind)
{
	if (index < 1 || index > INDEX_MAX)
		return fail(-EINVAL, "`%s` line: %lld is no index of a boundary", kind,
			    (long long)index);
	return 0;
}

static void keep(json_t **kept, const json_t *line)
{
	json_decref(*kept);
	*kept = json_deep_copy(line);
}

/* A job may be told of more by resuming; the command line stays the same but for who does what. */
static bool is_same_scenario(const json_t *left, const json_t *right)
{
	static const char *const may_differ[] = {"jobs", "shard"};
	json_t *a = json_copy((json_t *)left);
	json_t *b = json_copy((json_t *)right);
	bool same;

	for (size_t n = 0; n < sizeof(may_differ) / sizeof(*may_differ); n++) {
		json_object_del(a, may_differ[n]);
		json_object_del(b, may_differ[n]);
	}
	same = json_equal(a, b);
	json_decref(a);
	json_decref(b);
	return same;
}

static int take_run(struct aggregate *aggregate, const json_t *line)
{
	json_error_t error;
	const char *schema;
	json_t *tool;
	json_t *host;
	json_t *scenario;
	int result = unpack(line, "run", "{s:s, s:o, s:o, s:o}", "schema", &schema, "tool", &tool,
			    "host", &host, "scenario", &scenario);

	if (result < 0)
		return result;
	if (strcmp(schema, RECORD_SCHEMA) != 0)
		return fail(-EINVAL, "the record has the schema %s; this sigsweep reads %s", schema,
			    RECORD_SCHEMA);
	if (!json_is_object(tool) || !json_is_object(host) || !json_is_object(scenario))
		return fail(-EINVAL, "`run` line: tool, host and scenario should be objects");
	if (aggregate->run &&
	    !is_same_scenario(json_object_get(aggregate->run, "scenario"), scenario))
		return fail(-EINVAL, "`run` line: another scenario than the record began with");
	keep(&aggregate->run, line);
	return 0;
}

/* Lines that are facts on the target: each is kept once. */
static int take_fact(struct tally *facts, const json_t *line, const char *kind, const char *first,
		     const char *second)
{
	const json_t *first_value = json_object_get(line, first);
	const json_t *second_value = json_object_get(line, second);
	struct tally_entry *entry;
	char *name;

	if (!json_is_string(first_value))
		return fail(-EINVAL, "`%s` line: no `%s`", kind, first);
	if (!json_is_string(second_value) && !json_is_null(second_value))
		return fail(-EINVAL, "`%s` line: no `%s`", kind, second);
	name = alloc_format("%s" SEPARATOR "%s", json_string_value(first_value),
			    json_is_null(second_value) ? "" : json_string_value(second_value));
	entry = tally_entry(facts, name, strlen(name));
	free(name);
	if (!entry->example)
		entry->example = json_deep_copy(line);
	return 0;
}

static int take_fidelity(struct aggregate *aggregate, const json_t *line)
{
	return take_fact(&aggregate->fidelity, line, "fidelity", "kind", "text");
}

static int take_module(struct aggregate *aggregate, const json_t *line)
{
	return take_fact(&aggregate->modules, line, "module", "path", "build_id");
}

static int take_baseline(struct aggregate *aggregate, const json_t *line)
{
	if (!json_is_string(json_object_get(line, "outcome")))
		return fail(-EINVAL, "`baseline` line: no `outcome`");
	if (!aggregate->baseline)
		keep(&aggregate->baseline, line);
	else if (!json_equal(aggregate->baseline, line))
		aggregate->baselines_differ = true;
	return 0;
}

/* Empty for NULL. */
static struct slice slice_of(const json_t *string)
{
	if (!string)
		return (struct slice){0};
	return (struct slice){json_string_value(string), json_string_length(string)};
}

static int take_trial(struct aggregate *aggregate, const json_t *line)
{
	json_error_t error;
	json_int_t index;
	json_t *delivery;
	json_t *outcome;
	json_t *findings = NULL;
	json_t *unknown = NULL;
	json_t *went = NULL;
	json_t *benign = NULL;
	const json_t *item;
	size_t n;
	int result =
		unpack(line, "trial", "{s:I, s:o, s:o, s?o, s?o, s?o, s?{s:o}}", "index", &index,
		       "delivery", &delivery, "outcome", &outcome, "findings", &findings, "unknown",
		       &unknown, "benign", &benign, "went", "kind", &went);

	if (result < 0 || (result = check_index(index, "trial")) < 0 ||
	    (result = check_texts(findings, "trial", "findings")) < 0 ||
	    (result = check_texts(unknown, "trial", "unknown")) < 0 ||
	    (result = check_reason(benign, "trial")) < 0)
		return result;
	if (!json_is_string(delivery) || !json_is_string(outcome) ||
	    (went && !json_is_string(went)))
		return fail(-EINVAL,
			    "`trial` line: delivery, outcome and kind of went should be text");
	if (counting_trial(aggregate, (uint64_t)index, slice_of(delivery), slice_of(outcome))) {
		json_array_foreach (unknown, n, item)
			counting_name(&aggregate->unknown, slice_of(item));
		if (went)
			counting_name(&aggregate->went, slice_of(went));
	}
	json_array_foreach (findings, n, item)
		counting_finding(aggregate, (uint64_t)index, slice_of(item), slice_of(benign));
	return 0;
}

static json_int_t example_boundary(const json_t *line)
{
	return json_integer_value(json_object_get(json_object_get(line, "example"), "boundary"));
}

static int take_example(struct aggregate *aggregate, const json_t *line)
{
	json_error_t error;
	struct tally_entry *entry;
	json_t *key;
	json_t *benign = NULL;
	const char *unused;
	json_t *where;
	json_int_t boundary;
	int result =
		unpack(line, "example", "{s:o, s:s, s:s, s:s, s:s, s?o, s:o, s:{s:I}}", "key", &key,
		       "oracle", &unused, "kind", &unused, "severity", &unused, "title", &unused,
		       "benign", &benign, "where", &where, "example", "boundary", &boundary);

	if (result < 0 || (result = check_index(boundary, "example")) < 0 ||
	    (result = check_reason(benign, "example")) < 0)
		return result;
	if (!json_is_string(key))
		return fail(-EINVAL, "`example` line: key should be text");
	entry = counting_entry(aggregate, slice_of(key), slice_of(benign));
	if (!entry->example || boundary < example_boundary(entry->example))
		keep(&entry->example, line);
	intervals_add(&entry->boundaries, (uint64_t)boundary);
	return 0;
}

static int take_skip(struct aggregate *aggregate, const json_t *line)
{
	json_error_t error;
	json_int_t index;
	json_t *reason;
	int result = unpack(line, "skip", "{s:I, s:o}", "index", &index, "reason", &reason);

	if (result < 0 || (result = check_index(index, "skip")) < 0)
		return result;
	if (!json_is_string(reason))
		return fail(-EINVAL, "`skip` line: the reason should be text");
	counting_skip(aggregate, (uint64_t)index, slice_of(reason));
	return 0;
}

/* The place for a job's walk: its own where there is one, else a new one. */
static struct aggregate_walk *find_walk(struct aggregate *aggregate, uint64_t job)
{
	void *memory = aggregate->walks;

	for (size_t n = 0; n < aggregate->walk_count; n++) {
		if (aggregate->walks[n].job == job)
			return &aggregate->walks[n];
	}
	alloc_grow(&memory, aggregate->walk_count, &aggregate->walk_capacity,
		   sizeof(*aggregate->walks));
	aggregate->walks = memory;
	aggregate->walks[aggregate->walk_count] = (struct aggregate_walk){.job = job};
	return &aggregate->walks[aggregate->walk_count++];
}

static int take_walk(struct aggregate *aggregate, const json_t *line)
{
	json_error_t error;
	struct aggregate_walk *walk;
	json_int_t job;
	json_int_t walked;
	json_int_t eligible;
	const char *path_hash;
	const char *end;
	int complete;
	int result = unpack(line, "walk", "{s:I, s:I, s:I, s:s, s:s, s:b}", "job", &job, "walked",
			    &walked, "eligible", &eligible, "path_hash", &path_hash, "end", &end,
			    "complete", &complete);

	if (result < 0)
		return result;
	if (job < 0 || walked < 0 || eligible < 0 || eligible > INDEX_MAX)
		return fail(-EINVAL, "`walk` line: a number is out of range");
	walk = find_walk(aggregate, (uint64_t)job);
	if (walk->complete && !complete)
		return 0;
	free(walk->path_hash);
	free(walk->end);
	*walk = (struct aggregate_walk){
		.job = (uint64_t)job,
		.walked = (uint64_t)walked,
		.eligible = (uint64_t)eligible,
		.complete = complete,
		.path_hash = alloc_text(path_hash),
		.end = alloc_text(end),
	};
	return 0;
}

static int take_end(struct aggregate *aggregate, const json_t *line)
{
	const json_t *reasons = json_object_get(line, "why_incomplete");
	const json_t *reason;
	size_t n;
	int result = check_texts(reasons, "end", "why_incomplete");

	if (result < 0)
		return result;
	json_array_foreach (reasons, n, reason)
		counting_name(&aggregate->reasons, slice_of(reason));
	keep(&aggregate->end, line);
	return 0;
}

static const struct line_type {
	const char *name;
	int (*take)(struct aggregate *aggregate, const json_t *line);
} line_types[] = {
	{"trial", take_trial},       {"example", take_example},   {"skip", take_skip},
	{"run", take_run},           {"fidelity", take_fidelity}, {"module", take_module},
	{"baseline", take_baseline}, {"walk", take_walk},         {"end", take_end},
};

int aggregate_line(struct aggregate *aggregate, const json_t *line)
{
	const char *type = json_string_value(json_object_get(line, "type"));

	if (!type)
		return fail(-EINVAL, "no line of a record: it has no `type`");
	for (size_t n = 0; n < sizeof(line_types) / sizeof(*line_types); n++) {
		if (strcmp(line_types[n].name, type) == 0)
			return line_types[n].take(aggregate, line);
	}
	return fail(-EINVAL, "no line of a record: its type \"%s\" is unknown", type);
}
