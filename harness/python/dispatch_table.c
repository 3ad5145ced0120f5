/* SPDX-License-Identifier: MIT */
/* Finds opcode_targets in the interpreter's data by its contents. Knows nothing of registers. */
#include "harness/base/alloc.h"
#include "harness/kernel/maps.h"
#include "harness/kernel/memory.h"
#include "harness/python/dispatch_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SHARED_MAX 4

struct search {
	const struct python_version *version;
	uint64_t code_start; /* executable mappings of the module, all in one range */
	uint64_t code_end;
	struct walker_table *table; /* what was found */
	size_t found;
};

static bool is_code(const struct search *search, uint64_t address)
{
	return address >= search->code_start && address < search->code_end;
}

static int compare_addresses(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* All numbers without an opcode lead to one place, each opcode to a place of its own, but for a few
 * whose bodies are the same (CALL_FUNCTION_EX and its instrumented form in 3.12). */
static bool is_table(const struct search *search, const uint64_t *words)
{
	uint64_t named[PYTHON_OPCODES], unknown = 0;
	size_t count = 0, shared = 0;

	for (size_t n = 0; n < PYTHON_OPCODES; n++) {
		if (search->version->names[n] != NULL)
			named[count++] = words[n];
		else if (unknown == 0)
			unknown = words[n];
		else if (words[n] != unknown)
			return false;
	}
	qsort(named, count, sizeof(named[0]), compare_addresses);
	for (size_t n = 1; n < count; n++)
		shared += named[n] == named[n - 1];
	return shared <= SHARED_MAX;
}

static void note_address(struct walker_table *table, uint64_t address)
{
	if (table->address_count < WALKER_TABLE_ADDRESSES)
		table->addresses[table->address_count++] = address;
}

static void search_words(struct search *search, const uint64_t *words, size_t count,
			 uint64_t address)
{
	size_t run = 0;

	for (size_t n = 0; n < count; n++) {
		const uint64_t *first = words + n + 1 - PYTHON_OPCODES;

		run = is_code(search, words[n]) ? run + 1 : 0;
		if (run < PYTHON_OPCODES || !is_table(search, first))
			continue;
		/* The dynamic loader maps a page that holds two segments twice: same table. */
		if (search->found == 0 ||
		    memcmp(search->table->targets, first, sizeof(search->table->targets)) != 0)
			search->found++;
		memcpy(search->table->targets, first, sizeof(search->table->targets));
		note_address(search->table, address + (uint64_t)(first - words) * sizeof(*words));
	}
}

static void search_mapping(struct search *search, pid_t pid, const struct mapping *mapping)
{
	size_t size;
	unsigned char *bytes = read_range(pid, mapping->start, mapping->end, &size);

	search_words(search, (const uint64_t *)(const void *)bytes, size / sizeof(uint64_t),
		     mapping->start);
	free(bytes);
}

static bool in_module(const struct python_image *image, const struct mapping *mapping)
{
	return mapping->start >= image->start && mapping->end <= image->end && mapping->inode != 0;
}

static void find_code(struct search *search, const struct python_image *image,
		      const struct maps *maps)
{
	search->code_start = UINT64_MAX;
	for (size_t n = 0; n < maps->count; n++) {
		const struct mapping *mapping = &maps->list[n];

		if (!in_module(image, mapping) || !mapping->executable)
			continue;
		if (mapping->start < search->code_start)
			search->code_start = mapping->start;
		if (mapping->end > search->code_end)
			search->code_end = mapping->end;
	}
}

/* Later versions start every instruction through opcode_targets. */
static bool has_switch(const struct python_version *version)
{
	return version->minor < 11;
}

int dispatch_find_table(const struct python *python, pid_t pid, struct walker_table *table,
			struct dispatch_switches *switches)
{
	struct search search = {.version = python->version, .table = table};
	struct maps maps = {0};
	int error = maps_read(&maps, pid);

	*table = (struct walker_table){.count = PYTHON_OPCODES};
	if (error != 0)
		return error;
	find_code(&search, &python->image, &maps);
	for (size_t n = 0; n < maps.count; n++) {
		if (in_module(&python->image, &maps.list[n]) && !maps.list[n].executable)
			search_mapping(&search, pid, &maps.list[n]);
	}
	switches->count = 0;
	for (size_t n = 0; search.found == 1 && has_switch(python->version) && n < maps.count; n++)
		if (in_module(&python->image, &maps.list[n]) && !maps.list[n].executable)
			dispatch_find_switches(python, pid, table, &maps.list[n], switches);
	maps_free(&maps);
	if (search.found != 1)
		return fail(-ENOTSUP,
			    "CPython %s: %s table of opcode targets: no opcode boundaries",
			    python->text, search.found == 0 ? "no" : "more than one");
	return 0;
}
