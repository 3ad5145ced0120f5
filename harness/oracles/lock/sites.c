/* SPDX-License-Identifier: MIT */
/* See watch.h: the places in the code where something happens to a lock. */
#include "harness/base/alloc.h"
#include "harness/oracles/lock/watch.h"
#include "harness/python/python.h"

#include <stdlib.h>

#define PLACES_MAX 8 /* modules with a function of one name: the C library and who wraps it */
#define PROVIDER "sigsweep" /* include/sigsweep.h */
/* Where the dynamic loader says that the list of libraries changed (link.h, r_brk). */
#define LOADER_MARK "_dl_debug_state"

static void add(struct lock_sites *sites, const struct lock_site *site)
{
	for (size_t i = 0; i < sites->count; i++)
		if (sites->list[i].pc == site->pc && !site->arguments)
			return;
	alloc_grow((void **)&sites->list, sites->count, &sites->capacity, sizeof(*sites->list));
	sites->list[sites->count++] = *site;
}

static void add_functions(struct lock_sites *sites, struct symbols *symbols)
{
	uint64_t places[PLACES_MAX];

	for (const struct lock_function *function = lock_functions; function->name; function++) {
		size_t count = symbols_named(symbols, function->name, places, PLACES_MAX);

		for (size_t i = 0; i < count; i++)
			add(sites, &(struct lock_site){.pc = places[i],
						       .kind = function->kind,
						       .effect = function->effect});
	}
	sites->functions = sites->count;
}

static void add_probes(struct lock_sites *sites, struct symbols *symbols)
{
	static const struct lock_function probes[] = {
		{"lock_acquired", LOCK_ANNOUNCED, LOCK_TAKE},
		{"lock_released", LOCK_ANNOUNCED, LOCK_RELEASE},
		{"lock_word", LOCK_WORD, LOCK_DECLARE},
	};

	for (size_t i = 0; i < sizeof(probes) / sizeof(*probes); i++) {
		struct probe_site *found;
		size_t count;

		if (symbols_find_probe(symbols, PROVIDER, probes[i].name, &found, &count)) {
			fail_clear();
			continue;
		}
		for (size_t n = 0; n < count; n++)
			add(sites, &(struct lock_site){.pc = found[n].pc,
						       .kind = probes[i].kind,
						       .effect = probes[i].effect,
						       .arguments = found[n].arguments});
		free(found);
	}
}

static int compare(const void *left, const void *right)
{
	const struct lock_site *a = left;
	const struct lock_site *b = right;

	return a->pc < b->pc ? -1 : a->pc > b->pc;
}

/* Where the code of a CPython is that the harness knows. */
static void find_inner(struct lock_sites *sites, const struct walker *walker)
{
	const struct python_image *image;
	struct python *python;

	if (python_attach(walker->symbols, walker->pid, &python)) {
		fail_clear();
		return;
	}
	image = python_image(python);
	sites->inner_start = image->start;
	sites->inner_end = image->end;
	python_free(python);
}

void lock_sites_find(struct lock_sites *sites, const struct walker *walker)
{
	struct symbols *symbols = walker->symbols;
	uint64_t loader;

	lock_sites_free(sites);
	find_inner(sites, walker);
	add_functions(sites, symbols);
	add_probes(sites, symbols);
	if (symbols_named(symbols, LOADER_MARK, &loader, 1))
		add(sites,
		    &(struct lock_site){.pc = loader, .effect = LOCK_FORGET, .is_loader = true});
	if (sites->count)
		qsort(sites->list, sites->count, sizeof(*sites->list), compare);
}

void lock_sites_free(struct lock_sites *sites)
{
	free(sites->list);
	*sites = (struct lock_sites){0};
}
