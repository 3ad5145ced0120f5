/* SPDX-License-Identifier: MIT */
/*
 * See shared_data.h: follows what the program loaded from bytes that a handler writes, through
 * registers and memory, to the stores that put a result back to the same bytes. A value that went
 * through these bytes themselves on the way was loaded anew, so that nothing is lost there.
 */
#include "harness/base/alloc.h"
#include "harness/oracles/shared_data/shared_data.h"

#include <stdlib.h>
#include <string.h>

#define LABELS_MAX 8 /* in one place; the oldest is forgotten */
#define REGISTERS 64

/* A load of bytes that a handler writes. */
struct label {
	uint32_t step;
	uint64_t start;
	uint64_t end;
};

struct labels {
	uint32_t list[LABELS_MAX]; /* indices, ascending */
	uint32_t count;
};

/* A byte of memory that holds something computed from such a load. */
struct holder {
	uint64_t address;
	struct labels labels;
	UT_hash_handle hh;
};

struct flow {
	const struct trace *trace;
	struct updates *updates;
	struct label *labels;
	size_t count;
	size_t capacity;
	struct labels registers[REGISTERS];
	struct holder *memory;
};

static void add_label(struct labels *labels, uint32_t label)
{
	uint32_t at = labels->count;

	while (at > 0 && labels->list[at - 1] > label)
		at--;
	if (at > 0 && labels->list[at - 1] == label)
		return;
	if (labels->count == LABELS_MAX) {
		if (at == 0)
			return;
		memmove(labels->list, labels->list + 1, (--at) * sizeof(*labels->list));
		labels->list[at] = label;
		return;
	}
	memmove(labels->list + at + 1, labels->list + at,
		(labels->count - at) * sizeof(*labels->list));
	labels->list[at] = label;
	labels->count++;
}

static void add_labels(struct labels *labels, const struct labels *more)
{
	for (uint32_t i = 0; i < more->count; i++)
		add_label(labels, more->list[i]);
}

static struct holder *holder_at(const struct flow *flow, uint64_t address)
{
	struct holder *holder;

	HASH_FIND(hh, flow->memory, &address, sizeof(address), holder);
	return holder;
}

static bool overlaps(const struct label *label, uint64_t start, uint64_t end)
{
	return label->start < end && start < label->end;
}

/* What was stored there before, but for labels of these same bytes, and a label of its own. */
static void load(struct flow *flow, const struct trace_access *access, uint32_t step,
		 struct labels *labels)
{
	const uint64_t end = access->address + access->size;

	for (uint64_t address = access->address; flow->memory && address < end; address++) {
		const struct holder *holder = holder_at(flow, address);

		for (uint32_t i = 0; holder && i < holder->labels.count; i++)
			if (!overlaps(&flow->labels[holder->labels.list[i]], access->address, end))
				add_label(labels, holder->labels.list[i]);
	}
	if (!access->counts || !touched_any(flow->trace->all, access->address, end, false, true))
		return;
	alloc_grow((void **)&flow->labels, flow->count, &flow->capacity, sizeof(*flow->labels));
	flow->labels[flow->count] =
		(struct label){.step = step, .start = access->address, .end = end};
	add_label(labels, (uint32_t)flow->count++);
}

static void hold(struct flow *flow, uint64_t address, const struct labels *labels)
{
	struct holder *holder = holder_at(flow, address);

	if (!labels->count) {
		if (holder) {
			HASH_DEL(flow->memory, holder);
			free(holder);
		}
		return;
	}
	if (!holder) {
		holder = alloc_zero(sizeof(*holder));
		holder->address = address;
		HASH_ADD(hh, flow->memory, address, sizeof(holder->address), holder);
	}
	holder->labels = *labels;
}

static void note_update(struct flow *flow, const struct label *label,
			const struct trace_access *access, uint32_t step)
{
	const uint64_t end = access->address + access->size;
	struct updates *updates = flow->updates;

	if (label->step == step || !access->counts || access->is_compare ||
	    !overlaps(label, access->address, end))
		return;
	alloc_grow((void **)&updates->list, updates->count, &updates->capacity,
		   sizeof(*updates->list));
	updates->list[updates->count++] = (struct update){
		.load = label->step,
		.store = step,
		.start = label->start > access->address ? label->start : access->address,
		.end = label->end < end ? label->end : end};
}

static void store(struct flow *flow, const struct trace_access *access, uint32_t step,
		  const struct labels *labels)
{
	for (uint32_t i = 0; i < labels->count; i++)
		note_update(flow, &flow->labels[labels->list[i]], access, step);
	if (!flow->memory && !labels->count)
		return;
	for (uint32_t i = 0; i < access->size; i++)
		hold(flow, access->address + i, labels);
}

static void follow_step(struct flow *flow, uint32_t step)
{
	const struct register_flow *registers = &flow->trace->steps[step].line->flow;
	const struct trace_access *end;
	const struct trace_access *first = trace_accesses(flow->trace, step, &end);
	struct labels labels = {.count = 0};
	bool loads = false;

	for (const struct trace_access *access = first; access < end; access++) {
		if (access->reads)
			load(flow, access, step, &labels);
		loads |= access->reads;
	}
	for (unsigned int i = 0; i < REGISTERS; i++)
		if (((registers->values | (loads ? registers->addresses : 0)) >> i & 1) &&
		    flow->registers[i].count)
			add_labels(&labels, &flow->registers[i]);
	for (const struct trace_access *access = first; access < end; access++)
		if (access->writes)
			store(flow, access, step, &labels);
	for (unsigned int i = 0; i < REGISTERS; i++)
		if (registers->results >> i & 1)
			flow->registers[i] = labels;
}

void updates_find(struct updates *updates, const struct trace *trace)
{
	struct flow *flow = alloc_zero(sizeof(*flow));
	struct holder *holder;
	struct holder *next;

	flow->trace = trace;
	flow->updates = updates;
	for (size_t i = 0; trace->all && i < trace->count; i++)
		if (trace->steps[i].line)
			follow_step(flow, (uint32_t)i);
	HASH_ITER (hh, flow->memory, holder, next) {
		HASH_DEL(flow->memory, holder);
		free(holder);
	}
	free(flow->labels);
	free(flow);
}
