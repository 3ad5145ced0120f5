/* SPDX-License-Identifier: MIT */
/*
 * See symbols.h: the set of modules, kept in step with the mappings, and what is at an address. How
 * a module is read is the business of the other symbols_*.c files.
 */
#include "harness/engine/symbols.h"

#include "harness/base/alloc.h"
#include "harness/engine/symbols_module.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct symbols *symbols_new(void)
{
	return alloc_zero(sizeof(struct symbols));
}

void symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return;
	for (size_t i = 0; i < symbols->count; i++)
		loaded_free(symbols->alive[i]);
	for (size_t i = 0; i < symbols->dead_count; i++)
		loaded_free(symbols->dead[i]);
	free(symbols->alive);
	free(symbols->dead);
	free(symbols->constants);
	free(symbols);
}

static bool is_same(const struct loaded *loaded, const struct mapping *mapping)
{
	return loaded->module.start == mapping->start && loaded->inode == mapping->inode &&
	       !strcmp(loaded->module.path, mapping->path);
}

/* A module that is still there, or that was dropped and has come back. */
static struct loaded *find_known(struct symbols *symbols, const struct mapping *mapping)
{
	for (size_t i = 0; i < symbols->count; i++) {
		if (is_same(symbols->alive[i], mapping))
			return symbols->alive[i];
	}
	for (size_t i = 0; i < symbols->dead_count; i++) {
		struct loaded *loaded = symbols->dead[i];

		if (!is_same(loaded, mapping))
			continue;
		symbols->dead[i] = symbols->dead[--symbols->dead_count];
		alloc_grow((void **)&symbols->alive, symbols->count, &symbols->capacity,
			   sizeof(*symbols->alive));
		symbols->alive[symbols->count++] = loaded;
		return loaded;
	}
	return NULL;
}

/* Does code lie in this file's mappings from the first one on? Others are data that happen to be
 * mapped: locales, fonts, a linker's input. */
static bool has_code(const struct maps *maps, size_t first)
{
	const struct mapping *start = &maps->list[first];

	for (size_t i = first; i < maps->count; i++) {
		const struct mapping *mapping = &maps->list[i];

		if (mapping->inode != start->inode || strcmp(mapping->path, start->path))
			break;
		if (mapping->executable)
			return true;
	}
	return false;
}

static bool is_module(const struct maps *maps, size_t first, pid_t pid)
{
	const struct mapping *mapping = &maps->list[first];

	if (!strcmp(mapping->path, "[vdso]"))
		return pid != 0;
	return mapping->inode && mapping->path[0] == '/' && has_code(maps, first);
}

static void bury(struct symbols *symbols, struct loaded *loaded)
{
	alloc_grow((void **)&symbols->dead, symbols->dead_count, &symbols->dead_capacity,
		   sizeof(*symbols->dead));
	symbols->dead[symbols->dead_count++] = loaded;
}

static void drop_unseen(struct symbols *symbols)
{
	size_t kept = 0;

	for (size_t i = 0; i < symbols->count; i++) {
		if (symbols->alive[i]->is_seen)
			symbols->alive[kept++] = symbols->alive[i];
		else
			bury(symbols, symbols->alive[i]);
	}
	symbols->count = kept;
}

static int compare(const void *left, const void *right)
{
	const struct loaded *a = *(struct loaded *const *)left;
	const struct loaded *b = *(struct loaded *const *)right;

	return a->module.start < b->module.start ? -1 : a->module.start > b->module.start;
}

/* The program's own file, so that searches begin with it; without a pid, the lowest module. */
static void mark_main(struct symbols *symbols, pid_t pid)
{
	char link[32];
	char target[PATH_MAX];
	ssize_t length = -1;

	if (pid) {
		snprintf(link, sizeof(link), "/proc/%d/exe", pid);
		length = readlink(link, target, sizeof(target) - 1);
	}
	target[length < 0 ? 0 : length] = '\0';
	for (size_t i = 0; i < symbols->count; i++)
		symbols->alive[i]->is_main =
			length < 0 ? i == 0 : !strcmp(symbols->alive[i]->module.path, target);
}

static void note_constants(struct symbols *symbols, const struct maps *maps)
{
	symbols->constant_count = 0;
	for (size_t i = 0; i < maps->count; i++) {
		const struct mapping *mapping = &maps->list[i];

		if (mapping->writable || !mapping->readable ||
		    (!mapping->inode && strcmp(mapping->path, "[vdso]")))
			continue;
		alloc_grow((void **)&symbols->constants, symbols->constant_count,
			   &symbols->constant_capacity, sizeof(*symbols->constants));
		symbols->constants[symbols->constant_count++] =
			(struct constant_range){.start = mapping->start, .end = mapping->end};
	}
}

static void add_module(struct symbols *symbols, struct loaded *loaded)
{
	alloc_grow((void **)&symbols->alive, symbols->count, &symbols->capacity,
		   sizeof(*symbols->alive));
	symbols->alive[symbols->count++] = loaded;
}

int symbols_update(struct symbols *symbols, const struct maps *maps, pid_t pid)
{
	struct loaded *latest = NULL;

	for (size_t i = 0; i < symbols->count; i++)
		symbols->alive[i]->is_seen = false;
	for (size_t i = 0; i < maps->count; i++) {
		const struct mapping *mapping = &maps->list[i];

		if (latest && mapping->start < latest->module.end)
			continue;
		if (!is_module(maps, i, pid))
			continue;
		latest = find_known(symbols, mapping);
		if (!latest) {
			latest = loaded_open(maps, i, pid);
			add_module(symbols, latest);
		}
		latest->is_seen = true;
	}
	drop_unseen(symbols);
	if (symbols->count)
		qsort(symbols->alive, symbols->count, sizeof(*symbols->alive), compare);
	mark_main(symbols, pid);
	note_constants(symbols, maps);
	return 0;
}

size_t symbols_module_count(const struct symbols *symbols)
{
	return symbols->count;
}

const struct module *symbols_module(const struct symbols *symbols, size_t n)
{
	return n < symbols->count ? &symbols->alive[n]->module : NULL;
}

struct loaded *symbols_in_search_order(const struct symbols *symbols, size_t n)
{
	size_t main = 0;

	for (size_t i = 0; i < symbols->count; i++) {
		if (symbols->alive[i]->is_main)
			main = i;
	}
	if (n == 0)
		return symbols->alive[main];
	return symbols->alive[n <= main ? n - 1 : n];
}

static struct loaded *find_loaded(const struct symbols *symbols, uint64_t address)
{
	size_t low = 0;
	size_t high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->alive[middle]->module.start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || address >= symbols->alive[low - 1]->module.end)
		return NULL;
	return symbols->alive[low - 1];
}

const struct module *symbols_module_at(const struct symbols *symbols, uint64_t address)
{
	struct loaded *loaded = find_loaded(symbols, address);

	return loaded ? &loaded->module : NULL;
}

bool symbols_place(struct symbols *symbols, uint64_t address, struct place *place)
{
	struct loaded *loaded = find_loaded(symbols, address);
	struct symbol *symbol;

	*place = (struct place){.address = address};
	if (!loaded)
		return false;
	place->module = &loaded->module;
	place->offset = address - loaded->module.bias;
	symbol = table_at(&loaded->functions, address);
	if (symbol) {
		place->function = symbol_text(symbol);
		place->function_start = symbol->start;
		place->function_size = symbol->size;
	} else {
		const struct unwind_entry *entry = frames_at(loaded, address);

		place->function_start = entry ? entry->start : 0;
		place->function_size = entry ? entry->end - entry->start : 0;
	}
	(void)lines_at(loaded, address, &place->file, &place->line);
	return true;
}

const struct unwind_entry *symbols_unwind_entry(struct symbols *symbols, uint64_t address)
{
	struct loaded *loaded = find_loaded(symbols, address);

	return loaded ? frames_at(loaded, address) : NULL;
}

bool symbols_is_stub(const struct symbols *symbols, uint64_t pc, uint64_t *pushed)
{
	const struct loaded *loaded = find_loaded(symbols, pc);

	return loaded && plt_is_stub(loaded, pc, pushed);
}

bool symbols_is_constant(const struct symbols *symbols, uint64_t address)
{
	size_t low = 0;
	size_t high = symbols->constant_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->constants[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && address < symbols->constants[low - 1].end;
}
