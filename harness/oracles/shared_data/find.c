/* SPDX-License-Identifier: MIT */
/*
 * See shared_data.h: from what the program does at each position and what the handler would do
 * there, the positions at which the one comes in the middle of the other.
 */
#include "harness/base/alloc.h"
#include "harness/oracles/shared_data/shared_data.h"

#include <stdlib.h>
#include <string.h>

/* A write of the program to bytes that a handler touches. */
struct write {
	uint32_t step;
	uint64_t start;
	uint64_t end;
	uint64_t object;
};

struct writes {
	struct write *list;
	size_t count;
	size_t capacity;
};

const struct data_place *finder_place(struct finder *finder, uint64_t address)
{
	if (finder->asked != address)
		(void)!symbols_data_at(finder->symbols, address, &finder->place);
	finder->asked = address;
	return &finder->place;
}

static uint64_t object_of(struct finder *finder, uint64_t address)
{
	const struct data_place *place = finder_place(finder, address);

	if (place->is_typed)
		return place->object_start;
	return place->symbol ? place->symbol_start : 0;
}

/* Made to be shared with a handler: a whole read or write of it is fine. */
bool shared_is_for_signals(const struct data_place *place)
{
	return place->is_typed &&
	       (place->is_atomic || (place->is_sig_atomic && place->is_volatile));
}

static uint32_t sample_end(const struct trace *trace, size_t n)
{
	return n + 1 < trace->sample_count ? trace->samples[n + 1].position - 1
					   : (uint32_t)trace->count;
}

/* Adds what holds from `first` to `last` for as long as the finding's sample does. */
void finder_add(struct finder *finder, struct shared_finding finding)
{
	struct shared_findings *findings = finder->findings;
	const struct sample *sample = &finder->trace->samples[finding.sample];
	const uint32_t end = sample_end(finder->trace, finding.sample);
	struct shared_finding *latest =
		findings->count ? &findings->list[findings->count - 1] : NULL;

	if (finding.first < sample->position)
		finding.first = sample->position;
	if (finding.last > end)
		finding.last = end;
	if (finding.first > finding.last)
		return;
	if (latest && latest->kind == finding.kind && latest->object == finding.object &&
	    latest->sample == finding.sample && latest->before_pc == finding.before_pc &&
	    latest->after_pc == finding.after_pc && latest->last + 1 == finding.first) {
		latest->last = finding.last;
		return;
	}
	alloc_grow((void **)&findings->list, findings->count, &findings->capacity,
		   sizeof(*findings->list));
	findings->list[findings->count++] = finding;
}

static uint64_t pc_of(const struct trace *trace, uint32_t step)
{
	return trace->steps[step].line->pc;
}

/* An instruction of the handler's that touches one of these bytes. */
static uint64_t handler_pc(const struct sample *sample, uint64_t start, uint64_t end, bool *writes)
{
	for (uint64_t granule = start / GRANULE; granule * GRANULE < end; granule++) {
		struct touch *touch;

		*writes = touched_bits(sample->touches, granule, start, end, false, true);
		if (!*writes && !touched_bits(sample->touches, granule, start, end, true, false))
			continue;
		HASH_FIND(hh, sample->touches, &granule, sizeof(granule), touch);
		return *writes ? touch->write_pc : touch->read_pc;
	}
	return 0;
}

/* Does it go back to the program where that was interrupted? */
static bool comes_back(const struct sample *sample)
{
	return sample->is_entered &&
	       (sample->end == INSPECT_RETURNED || sample->end == INSPECT_LIMIT ||
		sample->end == INSPECT_BLOCKED);
}

static void find_lost(struct finder *finder)
{
	const struct trace *trace = finder->trace;
	struct updates updates = {0};

	updates_find(&updates, trace);
	for (size_t i = 0; i < updates.count; i++) {
		const struct update *update = &updates.list[i];

		for (size_t n = 0; n < trace->sample_count; n++) {
			const struct sample *sample = &trace->samples[n];
			bool writes;

			if (sample->position > update->store ||
			    sample_end(trace, n) <= update->load || !comes_back(sample) ||
			    !touched_any(sample->touches, update->start, update->end, false, true))
				continue;
			finder_add(finder, (struct shared_finding){
						   .kind = SHARED_LOST,
						   .first = update->load + 1,
						   .last = update->store,
						   .sample = (uint32_t)n,
						   .object = object_of(finder, update->start),
						   .address = update->start,
						   .before_pc = pc_of(trace, update->load),
						   .after_pc = pc_of(trace, update->store),
						   .handler_pc = handler_pc(sample, update->start,
									    update->end, &writes),
						   .handler_writes = true});
		}
	}
	free(updates.list);
}

#define NEIGHBOURS 64 /* that are looked at */

/* Where nothing has a name: memory is one object as far as a run writes it without a gap. */
static uint64_t neighbour(const struct writes *writes, uint64_t start, uint64_t end)
{
	for (size_t i = writes->count; i > 0 && writes->count - i < NEIGHBOURS; i--) {
		const struct write *write = &writes->list[i - 1];

		if (start <= write->end + GRANULE && write->start <= end + GRANULE)
			return write->object;
	}
	return start;
}

static void collect(struct finder *finder, uint32_t step, struct writes *writes)
{
	const struct trace_access *end;

	for (const struct trace_access *access = trace_accesses(finder->trace, step, &end);
	     access < end; access++) {
		const uint64_t start = access->address;
		uint64_t object;

		if (!access->writes || !access->counts ||
		    !touched_any(finder->trace->all, start, start + access->size, true, true))
			continue;
		object = object_of(finder, start);
		if (shared_is_for_signals(finder_place(finder, start)))
			continue;
		if (!object)
			object = neighbour(writes, start, start + access->size);
		alloc_grow((void **)&writes->list, writes->count, &writes->capacity,
			   sizeof(*writes->list));
		writes->list[writes->count++] = (struct write){.step = step,
							       .start = start,
							       .end = start + access->size,
							       .object = object};
	}
}

/* Does the write touch bytes that are the sample's too and not yet among the `seen` ones? Adds
 * them.
 */
static bool is_last_to(const struct write *write, const struct sample *sample, struct touch **seen)
{
	bool is_last = false;

	for (uint64_t granule = write->start / GRANULE; granule * GRANULE < write->end; granule++) {
		const uint8_t bits = touched_bits(sample->touches, granule, write->start,
						  write->end, true, comes_back(sample));
		struct touch *touch;

		if (!bits)
			continue;
		HASH_FIND(hh, *seen, &granule, sizeof(granule), touch);
		if (!touch) {
			touch = alloc_zero(sizeof(*touch));
			touch->granule = granule;
			HASH_ADD(hh, *seen, granule, sizeof(touch->granule), touch);
		}
		is_last |= bits & ~touch->read;
		touch->read |= bits;
	}
	return is_last;
}

/* The object's writes in one run: torn from the first to the last of those that make what the
 * handler would see of it, each byte by the last that writes it. */
static void find_torn_in(struct finder *finder, const struct write *writes, size_t count, size_t n)
{
	const struct sample *sample = &finder->trace->samples[n];
	const struct write *done = NULL;
	const struct write *to_come = NULL;
	struct touch *seen = NULL;
	bool is_written = false;
	uint64_t pc;

	for (size_t i = count; i > 0; i--) {
		if (!is_last_to(&writes[i - 1], sample, &seen))
			continue;
		done = &writes[i - 1];
		to_come = to_come ? to_come : done;
	}
	touches_free(&seen);
	if (!done || done->step == to_come->step)
		return;
	pc = handler_pc(sample, to_come->start, to_come->end, &is_written);
	finder_add(finder, (struct shared_finding){.kind = SHARED_TORN,
						   .first = done->step + 1,
						   .last = to_come->step,
						   .sample = (uint32_t)n,
						   .object = done->object,
						   .address = done->start,
						   .before_pc = pc_of(finder->trace, done->step),
						   .after_pc = pc_of(finder->trace, to_come->step),
						   .handler_pc = pc,
						   .handler_writes = is_written});
}

static int compare_writes(const void *left, const void *right)
{
	const struct write *a = left;
	const struct write *b = right;

	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	return a->step < b->step ? -1 : a->step > b->step;
}

static void settle_run(struct finder *finder, struct writes *writes)
{
	const struct trace *trace = finder->trace;
	size_t end;

	if (writes->count > 1)
		qsort(writes->list, writes->count, sizeof(*writes->list), compare_writes);
	for (size_t first = 0; first < writes->count; first = end) {
		for (end = first + 1; end < writes->count; end++)
			if (writes->list[end].object != writes->list[first].object)
				break;
		for (size_t n = 0; end - first > 1 && n < trace->sample_count; n++)
			if (trace->samples[n].is_entered &&
			    trace->samples[n].position <= writes->list[end - 1].step &&
			    sample_end(trace, n) > writes->list[first].step)
				find_torn_in(finder, &writes->list[first], end - first, n);
	}
	writes->count = 0;
}

static void find_torn(struct finder *finder)
{
	const struct trace *trace = finder->trace;
	struct writes writes = {0};

	for (uint32_t step = 0; step < trace->count; step++) {
		if (step && trace->steps[step].run != trace->steps[step - 1].run)
			settle_run(finder, &writes);
		collect(finder, step, &writes);
	}
	settle_run(finder, &writes);
	free(writes.list);
}

static int compare(const void *left, const void *right)
{
	const struct shared_finding *a = left;
	const struct shared_finding *b = right;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return a->kind < b->kind ? -1 : a->kind > b->kind;
}

void findings_find(struct shared_findings *findings, const struct trace *trace,
		   struct symbols *symbols)
{
	struct finder finder = {.trace = trace, .symbols = symbols, .findings = findings};
	uint32_t reach = 0;

	if (!trace->all)
		return;
	find_torn(&finder);
	find_lost(&finder);
	find_plain(&finder);
	if (findings->count)
		qsort(findings->list, findings->count, sizeof(*findings->list), compare);
	for (size_t i = 0; i < findings->count; i++) {
		reach = findings->list[i].last > reach ? findings->list[i].last : reach;
		findings->list[i].reach = reach;
	}
}
