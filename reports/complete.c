/* SPDX-License-Identifier: MIT */
/*
 * Is the sweep complete? Only where every eligible boundary was tried, on one and the same path.
 * Each rule adds its own sentence to the list; an empty list is the proof.
 */
#include "reports/complete.h"

#include "harness/base/utf8.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANGES_SHOWN 8 /* in a sentence */

static void PRINTF_LIKE(2, 3) add_reason(json_t *reasons, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) >= 0) {
		json_array_append_new(reasons, utf8_json(text));
		free(text);
	}
	va_end(arguments);
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static bool reaches_farther(const struct aggregate_walk *walk, const struct aggregate_walk *other)
{
	if (walk->complete != other->complete)
		return walk->complete;
	if (walk->eligible != other->eligible)
		return walk->eligible > other->eligible;
	return walk->walked > other->walked;
}

/* The walk that the numbers are taken from: the one that came farthest, the lowest job's of them;
 * the walks are sorted. */
static const struct aggregate_walk *best_walk(const struct aggregate *aggregate)
{
	const struct aggregate_walk *best = NULL;

	for (size_t n = 0; n < aggregate->walk_count; n++) {
		if (!best || reaches_farther(&aggregate->walks[n], best))
			best = &aggregate->walks[n];
	}
	return best;
}

static int compare_walks(const void *left, const void *right)
{
	const struct aggregate_walk *a = left;
	const struct aggregate_walk *b = right;

	return a->job < b->job ? -1 : a->job > b->job;
}

static void check_walks_ended(const struct aggregate *aggregate, json_t *reasons)
{
	const json_t *scenario = json_object_get(aggregate->run, "scenario");
	json_int_t jobs = json_integer_value(json_object_get(scenario, "jobs"));

	if (jobs < 1)
		jobs = 1;
	if ((json_int_t)aggregate->walk_count < jobs)
		add_reason(reasons, "%lld of %lld job%s did not come to the end of the walk",
			   (long long)jobs - (long long)aggregate->walk_count, (long long)jobs,
			   plural((uint64_t)jobs));
	for (size_t n = 0; n < aggregate->walk_count; n++) {
		const struct aggregate_walk *walk = &aggregate->walks[n];

		if (!walk->complete)
			add_reason(reasons,
				   "job %" PRIu64 " did not walk to the window's end: %s (after "
				   "%" PRIu64 " boundar%s)",
				   walk->job, walk->end, walk->walked,
				   walk->walked == 1 ? "y" : "ies");
	}
}

/* Walks that were cut short are named elsewhere; the others must be the same. */
static void check_walks_agree(const struct aggregate *aggregate, const struct aggregate_walk *best,
			      json_t *reasons)
{
	for (size_t n = 0; n < aggregate->walk_count; n++) {
		const struct aggregate_walk *walk = &aggregate->walks[n];

		if (!walk->complete || !best->complete)
			continue;
		if (walk->walked != best->walked || walk->eligible != best->eligible)
			add_reason(reasons,
				   "jobs %" PRIu64 " and %" PRIu64
				   " did not walk the same path: %" PRIu64 " and %" PRIu64
				   " boundaries, %" PRIu64 " and %" PRIu64 " of them eligible",
				   best->job, walk->job, best->walked, walk->walked, best->eligible,
				   walk->eligible);
		else if (strcmp(walk->path_hash, best->path_hash) != 0)
			add_reason(reasons,
				   "jobs %" PRIu64 " and %" PRIu64
				   " did not walk the same path: they passed as many boundaries, "
				   "but different ones (%s and %s)",
				   best->job, walk->job, best->path_hash, walk->path_hash);
	}
}

static void check_skips(struct aggregate *aggregate, json_t *reasons)
{
	const struct tally_entry *entry;
	const struct tally_entry *next;

	tally_sort(&aggregate->skips, tally_compare_names);
	HASH_ITER (hh, aggregate->skips.entries, entry, next) {
		uint64_t count = intervals_count_outside(&entry->boundaries, &aggregate->injected);

		if (count > 0)
			add_reason(reasons, "%" PRIu64 " boundar%s skipped: %s", count,
				   count == 1 ? "y was" : "ies were", entry->name);
	}
}

/* What is in neither set, up to and with `last`: the number, and the first ranges as text. */
static uint64_t list_untried(const struct aggregate *aggregate, uint64_t last, FILE *list)
{
	uint64_t untried = 0;
	unsigned int shown = 0;
	struct range gap;
	struct range hole;

	for (uint64_t from = 1; intervals_next_gap(&aggregate->injected, from, last, &gap);
	     from = gap.last + 1) {
		for (uint64_t at = gap.first;
		     at <= gap.last && intervals_next_gap(&aggregate->skipped, at, gap.last, &hole);
		     at = hole.last + 1) {
			untried += hole.last - hole.first + 1;
			if (shown++ < RANGES_SHOWN)
				fprintf(list, "%s%" PRIu64, shown > 1 ? ", " : "", hole.first);
			if (shown <= RANGES_SHOWN && hole.last > hole.first)
				fprintf(list, "-%" PRIu64, hole.last);
		}
	}
	if (shown > RANGES_SHOWN)
		fputs(", ...", list);
	return untried;
}

static void check_coverage(const struct aggregate *aggregate, const struct aggregate_walk *best,
			   json_t *reasons)
{
	uint64_t last = intervals_last(&aggregate->injected);
	uint64_t untried;
	char *text = NULL;
	size_t size;
	FILE *list = open_memstream(&text, &size);

	if (!list)
		return add_reason(reasons, "it was not checked that all boundaries were tried");
	untried = list_untried(aggregate, best->eligible, list);
	fclose(list);
	if (best->eligible == 0)
		add_reason(reasons, "there was no eligible boundary in the window");
	if (untried > 0)
		add_reason(reasons,
			   "%" PRIu64 " of %" PRIu64 " eligible boundaries %s not tried: %s",
			   untried, best->eligible, untried == 1 ? "was" : "were", text);
	if (best->complete && last > best->eligible)
		add_reason(reasons,
			   "there are trials up to boundary %" PRIu64 ", but only %" PRIu64
			   " boundaries were eligible",
			   last, best->eligible);
	free(text);
}

static void check_record(struct aggregate *aggregate, json_t *reasons)
{
	const struct tally_entry *entry;
	const struct tally_entry *next;

	if (!aggregate->baseline)
		add_reason(reasons, "there is no baseline");
	if (aggregate->baselines_differ)
		add_reason(reasons, "the jobs did not see the same baseline");
	tally_sort(&aggregate->reasons, tally_compare_names);
	HASH_ITER (hh, aggregate->reasons.entries, entry, next)
		add_reason(reasons, "%s", entry->name);
	if (!aggregate->end)
		add_reason(reasons, "the run was cut off: its record has no end");
}

json_t *complete_boundaries(struct aggregate *aggregate)
{
	const struct aggregate_walk *best;
	json_t *reasons = json_array();

	if (aggregate->walk_count > 0)
		qsort(aggregate->walks, aggregate->walk_count, sizeof(*aggregate->walks),
		      compare_walks);
	best = best_walk(aggregate);
	check_record(aggregate, reasons);
	check_walks_ended(aggregate, reasons);
	if (best) {
		check_walks_agree(aggregate, best, reasons);
		check_coverage(aggregate, best, reasons);
	}
	check_skips(aggregate, reasons);
	return json_pack("{s:o, s:o, s:I, s:i, s:I, s:b, s:o, s:o}", "walked",
			 best ? json_integer((json_int_t)best->walked) : json_null(), "eligible",
			 best ? json_integer((json_int_t)best->eligible) : json_null(), "injected",
			 (json_int_t)aggregate->injected.count, "represented", 0, "skipped",
			 (json_int_t)aggregate_skipped(aggregate), "complete",
			 json_array_size(reasons) == 0, "why_incomplete", reasons, "path_hash",
			 best ? utf8_json(best->path_hash) : json_null());
}
