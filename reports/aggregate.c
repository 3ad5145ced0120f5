/* SPDX-License-Identifier: MIT */
/*
 * The sums themselves, and the way into them: text first, JSON only where it must be. What each
 * kind of line means is in aggregate_lines.c.
 */
#include "reports/aggregate.h"

#include "harness/base/alloc.h"
#include "harness/base/utf8.h"
#include "reports/counting.h"
#include "reports/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REASONS_MAX 500 /* distinct reasons kept apart */

struct aggregate *aggregate_new(void)
{
	struct aggregate *aggregate = alloc_zero(sizeof(*aggregate));

	aggregate->unknown.limit = REASONS_MAX;
	aggregate->unknown.overflow = "other: other reasons";
	aggregate->skips.limit = REASONS_MAX;
	aggregate->skips.overflow = "other reasons";
	aggregate->reasons.limit = REASONS_MAX;
	aggregate->reasons.overflow = "there were more reasons than are listed";
	return aggregate;
}

void aggregate_free(struct aggregate *aggregate)
{
	if (!aggregate)
		return;
	json_decref(aggregate->run);
	json_decref(aggregate->baseline);
	json_decref(aggregate->end);
	intervals_clear(&aggregate->injected);
	intervals_clear(&aggregate->skipped);
	tally_clear(&aggregate->outcomes);
	tally_clear(&aggregate->deliveries);
	tally_clear(&aggregate->went);
	tally_clear(&aggregate->unknown);
	tally_clear(&aggregate->skips);
	tally_clear(&aggregate->findings);
	tally_clear(&aggregate->benign);
	tally_clear(&aggregate->modules);
	tally_clear(&aggregate->fidelity);
	tally_clear(&aggregate->reasons);
	for (size_t n = 0; n < aggregate->walk_count; n++) {
		free(aggregate->walks[n].path_hash);
		free(aggregate->walks[n].end);
	}
	free(aggregate->walks);
	free(aggregate);
}

void counting_name(struct tally *tally, struct slice name)
{
	tally_entry(tally, name.start, name.size)->count++;
}

bool counting_skip(struct aggregate *aggregate, uint64_t index, struct slice reason)
{
	struct tally_entry *entry;

	if (!intervals_add(&aggregate->skipped, index))
		return false;
	entry = tally_entry(&aggregate->skips, reason.start, reason.size);
	intervals_add(&entry->boundaries, index);
	return true;
}

bool counting_trial(struct aggregate *aggregate, uint64_t index, struct slice delivery,
		    struct slice outcome)
{
	if (slice_is(delivery, "not")) {
		char *reason = alloc_format("the signal was not delivered (%.*s)",
					    (int)outcome.size, outcome.start);

		if (counting_skip(aggregate, index, (struct slice){reason, strlen(reason)}))
			counting_name(&aggregate->deliveries, delivery);
		free(reason);
		return false;
	}
	if (!intervals_add(&aggregate->injected, index))
		return false;
	counting_name(&aggregate->deliveries, delivery);
	counting_name(&aggregate->outcomes, outcome);
	return true;
}

struct tally_entry *counting_entry(struct aggregate *aggregate, struct slice key,
				   struct slice benign)
{
	struct tally_entry *entry;
	char *name;

	if (!benign.size)
		return tally_entry(&aggregate->findings, key.start, key.size);
	name = alloc_format("%.*s%c%.*s", (int)key.size, key.start, BENIGN_SEPARATOR,
			    (int)benign.size, benign.start);
	entry = tally_entry(&aggregate->benign, name, strlen(name));
	free(name);
	return entry;
}

void counting_finding(struct aggregate *aggregate, uint64_t index, struct slice key,
		      struct slice benign)
{
	struct tally_entry *entry = counting_entry(aggregate, key, benign);

	intervals_add(&entry->boundaries, index);
}

static json_t *parse_line(const char *line, size_t size)
{
	json_error_t error;
	json_t *json = json_loadb(line, size, JSON_ALLOW_NUL, &error);
	char *clean;

	if (!json && json_error_code(&error) == json_error_invalid_utf8) {
		clean = utf8_clean(line, size, &size);
		json = json_loadb(clean, size, JSON_ALLOW_NUL, &error);
		free(clean);
	}
	if (!json)
		fail(-EINVAL, "no line of a record: column %d: %s", error.column, error.text);
	return json;
}

int aggregate_trial_text(struct aggregate *aggregate, const char *line, size_t size)
{
	struct trial_line trial;
	json_t *json;
	int result;

	if (trial_line_parse(line, size, &trial) && trial.index <= INDEX_MAX) {
		if (counting_trial(aggregate, trial.index, trial.delivery, trial.outcome)) {
			for (size_t n = 0; n < trial.unknown.count; n++)
				counting_name(&aggregate->unknown, trial.unknown.items[n]);
			if (trial.went.size)
				counting_name(&aggregate->went, trial.went);
		}
		for (size_t n = 0; n < trial.findings.count; n++)
			counting_finding(aggregate, trial.index, trial.findings.items[n],
					 trial.benign);
		return 0;
	}
	json = parse_line(line, size);
	if (!json)
		return -EINVAL;
	result = aggregate_line(aggregate, json);
	json_decref(json);
	return result;
}

int aggregate_record(struct aggregate *aggregate, const char *path, char **note)
{
	struct record_reader *reader;
	const char *line;
	size_t size;
	int result = record_reader_open(path, &reader);

	*note = NULL;
	if (result < 0)
		return result;
	while ((result = record_reader_next(reader, &line, &size)) > 0) {
		result = aggregate_trial_text(aggregate, line, size);
		if (result < 0) {
			record_reader_fail(reader, result);
			break;
		}
	}
	*note = alloc_text(record_reader_note(reader));
	record_reader_close(reader);
	return result;
}

uint64_t aggregate_injected(const struct aggregate *aggregate)
{
	return aggregate->injected.count;
}

uint64_t aggregate_skipped(const struct aggregate *aggregate)
{
	return intervals_count_outside(&aggregate->skipped, &aggregate->injected);
}

size_t aggregate_findings(const struct aggregate *aggregate)
{
	return tally_size(&aggregate->findings);
}
