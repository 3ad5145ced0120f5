/* SPDX-License-Identifier: MIT */
/*
 * See shared_data.h: variables that a handler writes and that the program reads again and again
 * although nothing tells the compiler that they change. Only where types are known: machine code
 * does not show what was declared volatile or atomic.
 */
#include "harness/base/alloc.h"
#include "harness/oracles/shared_data/shared_data.h"

#include <stdlib.h>

/* A scalar that the handler writes. */
struct part {
	uint64_t start;
	uint64_t end;
	uint32_t sample;
	uint32_t latest; /* step that touched it last */
	bool was_touched;
	uint64_t written_pc;
	uint64_t object;
};

struct parts {
	struct part *list;
	size_t count;
	size_t capacity;
};

static bool is_known(const struct parts *parts, uint64_t address, uint32_t sample)
{
	for (size_t i = parts->count; i > 0 && parts->list[i - 1].sample == sample; i--)
		if (address >= parts->list[i - 1].start && address < parts->list[i - 1].end)
			return true;
	return false;
}

static void add_part(struct finder *finder, struct parts *parts, const struct touch *touch,
		     uint64_t address, uint32_t sample)
{
	const struct data_place *place;

	if (is_known(parts, address, sample))
		return;
	place = finder_place(finder, address);
	if (!place->is_typed || place->is_volatile || place->is_atomic)
		return;
	alloc_grow((void **)&parts->list, parts->count, &parts->capacity, sizeof(*parts->list));
	parts->list[parts->count++] = (struct part){.start = place->part_start,
						    .end = place->part_start + place->part_size,
						    .sample = sample,
						    .written_pc = touch->write_pc,
						    .object = place->object_start};
}

static void add_parts(struct finder *finder, struct parts *parts, uint32_t n)
{
	const struct sample *sample = &finder->trace->samples[n];

	if (!sample->is_entered || sample->end == INSPECT_LEFT || sample->end == INSPECT_ENDED)
		return;
	for (const struct touch *touch = sample->touches; touch; touch = touch->hh.next)
		for (unsigned int i = 0; i < GRANULE; i++)
			if (touch->written >> i & 1)
				add_part(finder, parts, touch, touch->granule * GRANULE + i, n);
}

/* Something worse is said there already. */
static bool is_said(const struct finder *finder, size_t said, uint32_t first, uint32_t last,
		    uint64_t object)
{
	for (size_t i = 0; i < said; i++) {
		const struct shared_finding *finding = &finder->findings->list[i];

		if (finding->object == object && finding->first <= last && finding->last >= first)
			return true;
	}
	return false;
}

static void look(struct finder *finder, struct part *part, const struct trace_access *access,
		 uint32_t step, size_t said)
{
	const struct trace *trace = finder->trace;
	const uint32_t before = part->latest;

	part->latest = step;
	if (!part->was_touched || !access->reads || before == step) {
		part->was_touched = true;
		return;
	}
	if (is_said(finder, said, before + 1, step, part->object))
		return;
	finder_add(finder, (struct shared_finding){.kind = SHARED_PLAIN,
						   .first = before + 1,
						   .last = step,
						   .sample = part->sample,
						   .object = part->start,
						   .address = part->start,
						   .before_pc = trace->steps[before].line->pc,
						   .after_pc = trace->steps[step].line->pc,
						   .handler_pc = part->written_pc,
						   .handler_writes = true});
}

void find_plain(struct finder *finder)
{
	const struct trace *trace = finder->trace;
	const size_t said = finder->findings->count;
	struct parts parts = {0};

	for (uint32_t n = 0; n < trace->sample_count; n++)
		add_parts(finder, &parts, n);
	for (uint32_t step = 0; parts.count && step < trace->count; step++) {
		const struct trace_access *end;

		for (const struct trace_access *access = trace_accesses(trace, step, &end);
		     access < end; access++) {
			const uint64_t start = access->address;

			if (!access->counts || access->is_locked ||
			    !touched_any(trace->all, start, start + access->size, false, true))
				continue;
			for (size_t i = 0; i < parts.count; i++)
				if (start < parts.list[i].end &&
				    parts.list[i].start < start + access->size)
					look(finder, &parts.list[i], access, step, said);
		}
	}
	free(parts.list);
}
