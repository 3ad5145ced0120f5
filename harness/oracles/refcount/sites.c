/* SPDX-License-Identifier: MIT */
/* See watch.h: the places in the code where something happens to counters, and GObject's
 * classes, of which the program itself is asked in a copy. */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/model/ask.h"
#include "harness/oracles/refcount/watch.h"

#include <stdlib.h>

#define PROVIDER "sigsweep" /* include/sigsweep.h */
#define MODULES_MAX 4       /* with a function of one name */
/* Where the dynamic loader says that the list of libraries changed (link.h, r_brk). */
#define LOADER_MARK "_dl_debug_state"
/* gobject/gtype.h: G_TYPE_OBJECT, the 20th fundamental type, shifted by 2. */
#define TYPE_OBJECT (20 << 2)
#define TYPE_NAME 100

static void add(struct count_sites *sites, const struct count_site *site)
{
	alloc_grow((void **)&sites->list, sites->count, &sites->capacity, sizeof(*sites->list));
	sites->list[sites->count++] = *site;
}

static bool add_probes(struct count_sites *sites, struct symbols *symbols, const char *name,
		       enum count_effect effect)
{
	struct probe_site *found;
	size_t count;

	if (symbols_find_probe(symbols, PROVIDER, name, &found, &count)) {
		fail_clear();
		return false;
	}
	for (size_t i = 0; i < count; i++)
		add(sites, &(struct count_site){.pc = found[i].pc,
						.effect = effect,
						.arguments = found[i].arguments});
	free(found);
	return count > 0;
}

static bool add_function(struct count_sites *sites, struct symbols *symbols, const char *name,
			 enum count_effect effect)
{
	uint64_t places[MODULES_MAX];
	const size_t count = symbols_named(symbols, name, places, MODULES_MAX);

	for (size_t i = 0; i < count; i++)
		add(sites, &(struct count_site){.pc = places[i], .effect = effect});
	return count > 0;
}

void count_sites_find(struct count_sites *sites, struct symbols *symbols)
{
	count_sites_free(sites);
	sites->has_probes = add_probes(sites, symbols, "counter", COUNT_BEGIN);
	add_probes(sites, symbols, "counter_end", COUNT_END);
	sites->has_objects = add_function(sites, symbols, "g_type_create_instance", COUNT_CREATE) &&
			     add_function(sites, symbols, "g_type_free_instance", COUNT_FREE);
	if (sites->has_objects) {
		add_function(sites, symbols, "g_object_ref", COUNT_TAKE_OR_DROP);
		add_function(sites, symbols, "g_object_unref", COUNT_TAKE_OR_DROP);
	}
	add_function(sites, symbols, LOADER_MARK, COUNT_LOADER);
}

void count_sites_free(struct count_sites *sites)
{
	free(sites->list);
	*sites = (struct count_sites){0};
}

/* g_type_check_instance_is_fundamentally_a() and g_type_name_from_instance(), both of gtype.h,
 * since how types are kept is GObject's own business. */
static void ask(struct count_class *class, struct stage *stage, uint64_t instance)
{
	const uint64_t arguments[] = {instance, TYPE_OBJECT};
	char name[TYPE_NAME];
	uint64_t answer;

	if (ask_copy_about(stage, "g_type_check_instance_is_fundamentally_a", arguments, 2,
			   &answer))
		answer = 0;
	class->is_object = (uint32_t)answer != 0;
	if (class->is_object &&
	    !ask_copy_about(stage, "g_type_name_from_instance", arguments, 1, &answer) &&
	    memory_read_text(stage->walker.pid, answer, name, sizeof(name)) > 0)
		class->name = alloc_text(name);
	fail_clear();
}

const struct count_class *count_classes_of(struct count_classes *classes, pid_t pid,
					   uint64_t instance)
{
	struct count_class class = {0};

	if (memory_read(pid, instance, &class.address, sizeof(class.address)))
		return NULL;
	for (size_t i = 0; i < classes->count; i++)
		if (classes->list[i].address == class.address)
			return classes->list[i].is_object ? &classes->list[i] : NULL;
	if (!classes->stage)
		return NULL;
	ask(&class, classes->stage, instance);
	alloc_grow((void **)&classes->list, classes->count, &classes->capacity,
		   sizeof(*classes->list));
	classes->list[classes->count++] = class;
	return class.is_object ? &classes->list[classes->count - 1] : NULL;
}

void count_classes_free(struct count_classes *classes)
{
	for (size_t i = 0; i < classes->count; i++)
		free(classes->list[i].name);
	free(classes->list);
	*classes = (struct count_classes){0};
}
