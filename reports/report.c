/* SPDX-License-Identifier: MIT */
/* Puts the report together, top level first to last. */
#include "reports/report.h"

#include "harness/base/alloc.h"
#include "harness/base/utf8.h"
#include "reports/complete.h"
#include "reports/finding.h"
#include "reports/members.h"
#include "reports/outcomes.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct member tool_members[] = {
	{"name", MEMBER_NULL}, {"version", MEMBER_NULL}, {NULL, MEMBER_OPTIONAL}};

static const struct member host_members[] = {{"kernel", MEMBER_NULL},
					     {"machine", MEMBER_NULL},
					     {"cpus", MEMBER_NULL},
					     {NULL, MEMBER_OPTIONAL}};

static const struct member scenario_members[] = {
	{"program", MEMBER_NULL},   {"argv", MEMBER_LIST},      {"environment", MEMBER_LIST},
	{"directory", MEMBER_NULL}, {"stdin", MEMBER_NULL},     {"signal", MEMBER_NULL},
	{"boundary", MEMBER_NULL},  {"window", MEMBER_OBJECT},  {"strategy", MEMBER_NULL},
	{"mode", MEMBER_NULL},      {"oracles", MEMBER_LIST},   {"expect", MEMBER_LIST},
	{"status", MEMBER_NULL},    {"timeout", MEMBER_NULL},   {"max_latency", MEMBER_OPTIONAL},
	{"budget", MEMBER_NULL},    {"keep_vdso", MEMBER_NULL}, {"watched", MEMBER_LIST},
	{"jobs", MEMBER_NULL},      {"shard", MEMBER_NULL},     {"seed", MEMBER_NULL},
	{NULL, MEMBER_OPTIONAL}};

static const struct member window_members[] = {
	{"from", MEMBER_NULL}, {"to", MEMBER_NULL}, {"in", MEMBER_NULL}, {NULL, MEMBER_OPTIONAL}};

static const struct member module_members[] = {
	{"path", MEMBER_NULL}, {"build_id", MEMBER_NULL}, {NULL, MEMBER_OPTIONAL}};

static const struct member baseline_members[] = {
	{"outcome", MEMBER_NULL},       {"stdout_bytes", MEMBER_NULL},
	{"stderr_bytes", MEMBER_NULL},  {"stdout_hash", MEMBER_NULL},
	{"stderr_hash", MEMBER_NULL},   {"awaits_signal", MEMBER_NULL},
	{"sleeps", MEMBER_OPTIONAL},    {"deterministic", MEMBER_NULL},
	{NULL, MEMBER_OPTIONAL}};

static const struct member fidelity_members[] = {
	{"kind", MEMBER_NULL}, {"text", MEMBER_NULL}, {NULL, MEMBER_OPTIONAL}};

/* The line without its `type`, its members in order. */
static json_t *order_line(const json_t *line, const struct member *table)
{
	json_t *ordered = members_order(line, table);

	json_object_del(ordered, "type");
	return ordered;
}

static json_t *make_scenario(const json_t *run)
{
	json_t *scenario = members_order(json_object_get(run, "scenario"), scenario_members);

	json_object_set_new(scenario, "window",
			    members_order(json_object_get(scenario, "window"), window_members));
	return scenario;
}

/* Facts on the target, in an order that does not depend on which job told them first. */
static json_t *list_facts(struct tally *facts, const struct member *table)
{
	json_t *list = json_array();
	const struct tally_entry *entry;
	const struct tally_entry *next;

	tally_sort(facts, tally_compare_names);
	HASH_ITER (hh, facts->entries, entry, next)
		json_array_append_new(list, order_line(entry->example, table));
	return list;
}

static json_t *count_names(struct tally *tally, int (*compare)(const struct tally_entry *left,
							       const struct tally_entry *right))
{
	json_t *counts = json_object();
	const struct tally_entry *entry;
	const struct tally_entry *next;

	tally_sort(tally, compare);
	HASH_ITER (hh, tally->entries, entry, next)
		json_object_set_new(counts, entry->name, json_integer((json_int_t)entry->count));
	return counts;
}

/* "ORACLE: reason" with its count. */
static json_t *list_unknown(struct tally *unknown)
{
	json_t *list = json_array();
	const struct tally_entry *entry;
	const struct tally_entry *next;

	tally_sort(unknown, tally_compare_names);
	HASH_ITER (hh, unknown->entries, entry, next) {
		const char *oracle_end = strchrnul(entry->name, ':');
		const char *reason = *oracle_end ? oracle_end + 1 : oracle_end;
		json_t *oracle = utf8_json_bytes(entry->name, (size_t)(oracle_end - entry->name));

		reason += strspn(reason, " ");
		json_array_append_new(list, json_pack("{s:o, s:o, s:I}", "oracle", oracle, "reason",
						      utf8_json(reason), "count",
						      (json_int_t)entry->count));
	}
	return list;
}

static json_t *member_or_null(const json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	return value ? json_incref(value) : json_null();
}

static json_t *make_timing(const struct aggregate *aggregate)
{
	json_t *timing = json_object();

	json_object_set_new(timing, "started", member_or_null(aggregate->run, "started"));
	json_object_set_new(timing, "seconds", member_or_null(aggregate->end, "seconds"));
	json_object_set_new(timing, "steps_per_second",
			    member_or_null(aggregate->end, "steps_per_second"));
	json_object_set_new(timing, "injections_per_second",
			    member_or_null(aggregate->end, "injections_per_second"));
	return timing;
}

char *report_shell_word(const char *text)
{
	char *word = alloc_resize(NULL, strlen(text) + 1, 4);
	char *out = word;
	const char *at = text;

	while (isalnum((unsigned char)*at) || (*at && strchr("_-+=./:,@%^", *at)))
		at++;
	if (!*at && at > text) {
		strcpy(word, text);
		return word;
	}
	*out++ = '\'';
	for (at = text; *at; at++) {
		if (*at == '\'')
			out = stpcpy(out, "'\\''");
		else
			*out++ = *at;
	}
	strcpy(out, "'");
	return word;
}

int report_build(struct aggregate *aggregate, const char *path, json_t **report)
{
	const json_t *run = aggregate->run;
	char *word;
	json_t *made;

	if (!run)
		return fail(-EINVAL, "the record does not say what was run: it has no `run` line");
	word = path && strcmp(path, "-") != 0 ? report_shell_word(path) : alloc_text("REPORT");
	made = json_object();
	json_object_set_new(made, "schema", json_string(REPORT_SCHEMA));
	json_object_set_new(made, "tool",
			    members_order(json_object_get(run, "tool"), tool_members));
	json_object_set_new(made, "host",
			    members_order(json_object_get(run, "host"), host_members));
	json_object_set_new(made, "scenario", make_scenario(run));
	json_object_set_new(made, "modules", list_facts(&aggregate->modules, module_members));
	json_object_set_new(made, "baseline",
			    aggregate->baseline ? order_line(aggregate->baseline, baseline_members)
						: json_null());
	json_object_set_new(made, "boundaries", complete_boundaries(aggregate));
	json_object_set_new(made, "outcomes", count_names(&aggregate->outcomes, outcomes_compare));
	json_object_set_new(made, "unknown", list_unknown(&aggregate->unknown));
	json_object_set_new(made, "delivery",
			    count_names(&aggregate->deliveries, deliveries_compare));
	json_object_set_new(made, "went", count_names(&aggregate->went, went_compare));
	json_object_set_new(made, "findings", finding_list(aggregate, word));
	json_object_set_new(made, "benign", finding_list_benign(aggregate, word));
	json_object_set_new(made, "fidelity", list_facts(&aggregate->fidelity, fidelity_members));
	json_object_set_new(made, "timing", make_timing(aggregate));
	free(word);
	*report = made;
	return 0;
}
