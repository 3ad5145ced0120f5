/* SPDX-License-Identifier: MIT */
/* From what was counted under a key, and one example, to a finding of the report. */
#include "reports/finding.h"

#include "harness/base/alloc.h"
#include "harness/base/hash.h"
#include "harness/base/utf8.h"
#include "reports/members.h"
#include "reports/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct member where_members[] = {
	{"module", MEMBER_NULL},     {"offset", MEMBER_NULL}, {"function", MEMBER_NULL},
	{"file", MEMBER_NULL},       {"line", MEMBER_NULL},   {"instruction", MEMBER_NULL},
	{"python", MEMBER_OPTIONAL}, {NULL, MEMBER_OPTIONAL},
};

static const struct member example_members[] = {
	{"boundary", MEMBER_NULL},      {"stack", MEMBER_LIST},      {"handler_stack", MEMBER_LIST},
	{"end_stack", MEMBER_LIST},     {"locks", MEMBER_LIST},      {"refcounts", MEMBER_LIST},
	{"exception", MEMBER_NULL},     {"outcome", MEMBER_NULL},    {"latency", MEMBER_NULL},
	{"went", MEMBER_OPTIONAL},      {"phase", MEMBER_OPTIONAL},  {"delivery", MEMBER_OPTIONAL},
	{"registers", MEMBER_OPTIONAL}, {"output", MEMBER_OPTIONAL}, {"evidence", MEMBER_OPTIONAL},
	{NULL, MEMBER_OPTIONAL},
};

static const char *const severities[] = {"error", "warning", "note"};

static size_t severity_rank(const struct tally_entry *entry)
{
	const char *severity = json_string_value(json_object_get(entry->example, "severity"));
	size_t count = sizeof(severities) / sizeof(*severities);

	/* What broke without a story (its line was lost) is not to be overlooked. */
	if (!severity)
		return 0;
	for (size_t rank = 0; rank < count; rank++) {
		if (strcmp(severities[rank], severity) == 0)
			return rank;
	}
	return count;
}

static int compare_findings(const struct tally_entry *left, const struct tally_entry *right)
{
	size_t left_rank = severity_rank(left);
	size_t right_rank = severity_rank(right);
	uint64_t left_first = intervals_first(&left->boundaries);
	uint64_t right_first = intervals_first(&right->boundaries);

	if (left_rank != right_rank)
		return left_rank < right_rank ? -1 : 1;
	if (left_first != right_first)
		return left_first < right_first ? -1 : 1;
	return strcmp(left->name, right->name);
}

void report_finding_id(const char *key, char id[REPORT_ID_SIZE])
{
	uint64_t hash = hash_bytes(HASH_START, key, strlen(key));

	/* Folded, as the authors advise for a smaller hash. */
	hash = (hash >> 48) ^ (hash & UINT64_C(0xffffffffffff));
	snprintf(id, REPORT_ID_SIZE, "%012" PRIx64, hash);
}

static json_t *list_ranges(const struct intervals *boundaries)
{
	json_t *list = json_array();
	struct range range;

	for (uint64_t from = 0; intervals_next(boundaries, from, &range); from = range.last + 1)
		json_array_append_new(
			list, json_pack("[I, I]", (json_int_t)range.first, (json_int_t)range.last));
	return list;
}

/* A member of the example line; where there is no such line, what the key tells. */
static json_t *text_member(const struct tally_entry *entry, const char *member,
			   const char *fallback, size_t size)
{
	json_t *value = json_object_get(entry->example, member);

	return value ? json_incref(value) : utf8_json_bytes(fallback, size);
}

/* Of the key that the name begins with. */
static size_t key_size(const struct tally_entry *entry)
{
	return (size_t)(strchrnul(entry->name, BENIGN_SEPARATOR) - entry->name);
}

/* ORACLE/KIND/PLACE: the title of a finding whose story is missing. */
static json_t *title_member(const struct tally_entry *entry)
{
	char *title = alloc_format("%.*s (the record holds no example of it)", (int)key_size(entry),
				   entry->name);
	json_t *json = text_member(entry, "title", title, strlen(title));

	free(title);
	return json;
}

static json_t *make_example(const struct tally_entry *entry)
{
	json_t *example;
	json_t *empty;

	if (entry->example)
		return members_order(json_object_get(entry->example, "example"), example_members);
	empty = json_pack("{s:I}", "boundary", (json_int_t)intervals_first(&entry->boundaries));
	example = members_order(empty, example_members);
	json_decref(empty);
	return example;
}

static json_t *make_finding(const struct tally_entry *entry, const char *report_word)
{
	const char *oracle_end = strchrnul(entry->name, '/');
	const char *kind = *oracle_end ? oracle_end + 1 : oracle_end;
	json_t *finding = json_object();
	const char *reason = entry->name + key_size(entry);
	char id[REPORT_ID_SIZE];
	char *replay;

	report_finding_id(entry->name, id);
	replay = alloc_format("sigsweep replay %s %s", report_word, id);
	json_object_set_new(finding, "id", json_string(id));
	json_object_set_new(
		finding, "oracle",
		text_member(entry, "oracle", entry->name, (size_t)(oracle_end - entry->name)));
	json_object_set_new(
		finding, "kind",
		text_member(entry, "kind", kind, (size_t)(strchrnul(kind, '/') - kind)));
	json_object_set_new(finding, "severity",
			    text_member(entry, "severity", "error", strlen("error")));
	json_object_set_new(finding, "title", title_member(entry));
	json_object_set_new(finding, "count", json_integer((json_int_t)entry->boundaries.count));
	json_object_set_new(finding, "boundaries", list_ranges(&entry->boundaries));
	if (*reason)
		json_object_set_new(finding, "reason", utf8_json(reason + 1));
	json_object_set_new(finding, "where",
			    members_order(json_object_get(entry->example, "where"), where_members));
	json_object_set_new(finding, "example", make_example(entry));
	json_object_set_new(finding, "replay", utf8_json(replay));
	free(replay);
	return finding;
}

static json_t *list(struct tally *findings, const char *report_word)
{
	json_t *list = json_array();
	const struct tally_entry *entry;
	const struct tally_entry *next;

	tally_sort(findings, compare_findings);
	HASH_ITER (hh, findings->entries, entry, next)
		json_array_append_new(list, make_finding(entry, report_word));
	return list;
}

json_t *finding_list(struct aggregate *aggregate, const char *report_word)
{
	return list(&aggregate->findings, report_word);
}

json_t *finding_list_benign(struct aggregate *aggregate, const char *report_word)
{
	return list(&aggregate->benign, report_word);
}
