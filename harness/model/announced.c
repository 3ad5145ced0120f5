/* SPDX-License-Identifier: MIT */
/* See announced.h. */
#include "harness/model/announced.h"

#include "harness/base/alloc.h"
#include "harness/engine/probe.h"
#include "harness/kernel/memory.h"

#include <stdlib.h>
#include <string.h>

#define PROVIDER "sigsweep" /* include/sigsweep.h */

static const struct {
	const char *name;
	enum announcement what;
} probes[] = {
	{"benign_begin", ANNOUNCE_BENIGN_BEGIN},   {"benign_end", ANNOUNCE_BENIGN_END},
	{"invariant", ANNOUNCE_INVARIANT},         {"invariant_pair", ANNOUNCE_INVARIANT_PAIR},
	{"invariant_end", ANNOUNCE_INVARIANT_END},
};

static void forget_sites(struct announced *announced)
{
	for (size_t i = 0; i < announced->site_count; i++)
		free(announced->sites[i].arguments);
	free(announced->sites);
	free(announced->places);
	announced->sites = NULL;
	announced->places = NULL;
	announced->site_count = 0;
	announced->has_invariants = false;
}

static void forget_state(struct announced *announced)
{
	for (size_t i = 0; i < announced->depth && i < ANNOUNCED_DEPTH; i++)
		free(announced->reasons[i]);
	announced->depth = 0;
	free(announced->invariants);
	announced->invariants = NULL;
	announced->invariant_count = announced->invariant_capacity = 0;
	announced->is_cut = false;
}

static void add_site(struct announced *announced, const struct probe_site *site)
{
	const size_t n = announced->site_count;

	for (size_t i = 0; i < sizeof(probes) / sizeof(*probes); i++) {
		if (strcmp(probes[i].name, site->name) != 0)
			continue;
		announced->sites[n] = (struct announced_site){
			.what = probes[i].what, .arguments = alloc_text(site->arguments)};
		announced->places[n] = site->pc;
		announced->site_count++;
		announced->has_invariants |= probes[i].what == ANNOUNCE_INVARIANT ||
					     probes[i].what == ANNOUNCE_INVARIANT_PAIR;
	}
}

static void find_sites(struct announced *announced, struct symbols *symbols)
{
	struct probe_site *found;
	const size_t count = symbols_probes_of(symbols, PROVIDER, &found);

	forget_sites(announced);
	if (count) {
		announced->sites = alloc_zero(count * sizeof(*announced->sites));
		announced->places = alloc_zero(count * sizeof(*announced->places));
	}
	for (size_t i = 0; i < count; i++)
		add_site(announced, &found[i]);
	free(found);
	announced->marks.places = announced->places;
	announced->marks.count = announced->site_count;
}

static void begin_benign(struct announced *announced, const struct announced_site *site, pid_t pid,
			 const struct registers *registers)
{
	char reason[ANNOUNCED_REASON];
	uint64_t text;

	if (announced->depth < ANNOUNCED_DEPTH) {
		if (probe_argument(site->arguments, 0, pid, registers, &text) ||
		    memory_read_text(pid, text, reason, sizeof(reason)) <= 0)
			strcpy(reason, "no reason is given");
		announced->reasons[announced->depth] = alloc_text(reason);
	}
	announced->depth++;
}

static void end_benign(struct announced *announced)
{
	if (!announced->depth)
		return;
	announced->depth--;
	if (announced->depth < ANNOUNCED_DEPTH)
		free(announced->reasons[announced->depth]);
}

/* A program that comes by again announces the same again. */
static bool is_in_force(const struct announced *announced, const struct invariant *invariant)
{
	for (size_t i = 0; i < announced->invariant_count; i++)
		if (memcmp(&announced->invariants[i], invariant, sizeof(*invariant)) == 0)
			return true;
	return false;
}

static void begin_invariant(struct announced *announced, size_t n, pid_t pid,
			    const struct registers *registers)
{
	const struct announced_site *site = &announced->sites[n];
	struct invariant invariant;

	if (announced->invariant_count == ANNOUNCED_INVARIANTS ||
	    invariant_read(&invariant, site->what == ANNOUNCE_INVARIANT_PAIR, site->arguments, pid,
			   registers)) {
		announced->is_cut = true;
		return;
	}
	invariant.site = announced->places[n];
	if (is_in_force(announced, &invariant))
		return;
	alloc_grow((void **)&announced->invariants, announced->invariant_count,
		   &announced->invariant_capacity, sizeof(*announced->invariants));
	announced->invariants[announced->invariant_count++] = invariant;
}

static void end_invariants(struct announced *announced, const struct announced_site *site,
			   pid_t pid, const struct registers *registers)
{
	size_t kept = 0;
	uint64_t address;

	if (probe_argument(site->arguments, 0, pid, registers, &address)) {
		announced->is_cut = true;
		return;
	}
	for (size_t i = 0; i < announced->invariant_count; i++)
		if (announced->invariants[i].address != address)
			announced->invariants[kept++] = announced->invariants[i];
	announced->invariant_count = kept;
}

/* Behind the nop all registers but the pc are what they were before it. */
static void on_passed(void *context, struct walker *walker, size_t n)
{
	struct announced *announced = context;
	const struct announced_site *site = &announced->sites[n];
	const struct registers *registers;

	if (walker_registers(walker, &registers)) {
		fail_clear();
		announced->is_cut = true;
		return;
	}
	switch (site->what) {
	case ANNOUNCE_BENIGN_BEGIN:
		begin_benign(announced, site, walker->pid, registers);
		break;
	case ANNOUNCE_BENIGN_END:
		end_benign(announced);
		break;
	case ANNOUNCE_INVARIANT:
	case ANNOUNCE_INVARIANT_PAIR:
		begin_invariant(announced, n, walker->pid, registers);
		break;
	case ANNOUNCE_INVARIANT_END:
		end_invariants(announced, site, walker->pid, registers);
		break;
	}
}

static void on_refresh(void *context, struct walker *walker, bool is_new_program)
{
	struct announced *announced = context;

	if (is_new_program)
		forget_state(announced);
	find_sites(announced, walker->symbols);
}

void announced_follow(struct announced *announced, struct walker *walker)
{
	announced->marks = (struct walker_marks){
		.on_passed = on_passed, .on_refresh = on_refresh, .context = announced};
	find_sites(announced, walker->symbols);
	walker->marks = &announced->marks;
}

void announced_copy(struct announced *copy, const struct announced *announced)
{
	*copy = (struct announced){.depth = announced->depth, .is_cut = announced->is_cut};
	for (size_t i = 0; i < announced->depth && i < ANNOUNCED_DEPTH; i++)
		copy->reasons[i] = alloc_text(announced->reasons[i]);
	if (!announced->invariant_count)
		return;
	copy->invariants =
		alloc_resize(NULL, announced->invariant_count, sizeof(*copy->invariants));
	memcpy(copy->invariants, announced->invariants,
	       announced->invariant_count * sizeof(*copy->invariants));
	copy->invariant_count = copy->invariant_capacity = announced->invariant_count;
}

void announced_free(struct announced *announced)
{
	forget_sites(announced);
	forget_state(announced);
}

const char *announced_reason(const struct announced *announced)
{
	size_t top = announced->depth;

	if (!top)
		return NULL;
	return announced->reasons[(top < ANNOUNCED_DEPTH ? top : ANNOUNCED_DEPTH) - 1];
}
