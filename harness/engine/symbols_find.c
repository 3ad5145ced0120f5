/* SPDX-License-Identifier: MIT */
/* From names to addresses, and what was probably meant by a name that is nobody's. */
#include "harness/base/alloc.h"
#include "harness/base/glob.h"
#include "harness/base/nearest.h"
#include "harness/engine/symbols_module.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool module_matches(const struct module *module, const char *glob)
{
	return glob_matches(glob, strchr(glob, '/') ? module->path : module->name);
}

static bool is_asked(const struct loaded *loaded, const char *glob)
{
	return !glob || module_matches(&loaded->module, glob);
}

struct addresses {
	uint64_t *list;
	size_t count;
	size_t capacity;
};

static void add_address(struct addresses *addresses, uint64_t address)
{
	for (size_t i = 0; i < addresses->count; i++) {
		if (addresses->list[i] == address)
			return;
	}
	alloc_grow((void **)&addresses->list, addresses->count, &addresses->capacity,
		   sizeof(*addresses->list));
	addresses->list[addresses->count++] = address;
}

static void find_exact(struct loaded *loaded, const char *name, struct addresses *addresses)
{
	struct symbol_table *table = &loaded->functions;
	size_t first;
	size_t count = table_named(table, name, &first);

	for (size_t i = first; i < first + count; i++)
		add_address(addresses, table->list[table->by_name[i]].start);
}

/* "f(int)" for exactly that one, "f" for all that are called so, whatever they take. */
static bool is_demangled_name(const char *demangled, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(demangled, name, length) &&
	       (demangled[length] == '\0' || demangled[length] == '(');
}

static void find_demangled(struct loaded *loaded, const char *name, struct addresses *addresses)
{
	struct symbol_table *table = &loaded->functions;

	for (size_t i = 0; i < table->count; i++) {
		struct symbol *symbol = &table->list[i];
		const char *text = symbol_text(symbol);

		if (text != symbol->name && is_demangled_name(text, name))
			add_address(addresses, symbol->start);
	}
}

/* Names of functions (or objects) of the modules that were searched, for a suggestion. */
static const char *find_similar(const struct symbols *symbols, const char *glob, const char *name,
				bool objects)
{
	const char **words = NULL;
	const char *nearest;
	size_t capacity = 0;
	size_t count = 0;

	for (size_t n = 0; n < symbols->count; n++) {
		struct loaded *loaded = symbols_in_search_order(symbols, n);
		struct symbol_table *table = objects ? &loaded->objects : &loaded->functions;

		if (!is_asked(loaded, glob))
			continue;
		for (size_t i = 0; i < table->count; i++) {
			alloc_grow((void **)&words, count, &capacity, sizeof(*words));
			words[count++] =
				objects ? table->list[i].name : symbol_text(&table->list[i]);
		}
	}
	nearest = count ? word_nearest(name, words, count) : NULL;
	free(words);
	return nearest;
}

static int explain(const struct symbols *symbols, const char *glob, const char *name, bool objects)
{
	const char *what = objects ? "symbol" : "function";
	const char *similar;
	size_t asked = 0;
	size_t with_symbols = 0;

	for (size_t n = 0; n < symbols->count; n++) {
		const struct loaded *loaded = symbols->alive[n];

		asked += is_asked(loaded, glob);
		with_symbols += is_asked(loaded, glob) && loaded->module.has_symbols;
	}
	if (asked == 0)
		return fail(-ENOENT, "there is no %s %s: no module matches %s", what, name,
			    glob ? glob : "*");
	similar = find_similar(symbols, glob, name, objects);
	if (similar)
		return fail(-ENOENT, "there is no %s %s; did you mean %s?", what, name, similar);
	if (with_symbols == 0)
		return fail(-ENOENT,
			    "there is no %s %s: %s stripped of symbols (install the debug symbols, "
			    "or give an address as MODULE+0xOFFSET)",
			    what, name, asked == 1 ? "the module is" : "the modules are");
	return fail(-ENOENT, "there is no %s %s in %s", what, name, glob ? glob : "any module");
}

int symbols_find(struct symbols *symbols, const char *glob, const char *name, uint64_t **addresses,
		 size_t *count)
{
	struct addresses found = {0};

	for (size_t n = 0; n < symbols->count; n++) {
		struct loaded *loaded = symbols_in_search_order(symbols, n);

		if (is_asked(loaded, glob))
			find_exact(loaded, name, &found);
	}
	for (size_t n = 0; n < symbols->count && found.count == 0; n++) {
		struct loaded *loaded = symbols_in_search_order(symbols, n);

		if (is_asked(loaded, glob))
			find_demangled(loaded, name, &found);
	}
	if (found.count == 0)
		return explain(symbols, glob, name, false);
	*addresses = found.list;
	*count = found.count;
	return 0;
}

static const struct symbol *find_in_table(const struct symbol_table *table, const char *name)
{
	size_t first;
	size_t count = table_named(table, name, &first);
	const struct symbol *best = NULL;

	for (size_t i = first; i < first + count; i++) {
		const struct symbol *symbol = &table->list[table->by_name[i]];

		if (!best || (best->is_local && !symbol->is_local))
			best = symbol;
	}
	return best;
}

int symbols_find_object(struct symbols *symbols, const char *glob, const char *name,
			uint64_t *address, uint64_t *size)
{
	for (size_t n = 0; n < symbols->count; n++) {
		struct loaded *loaded = symbols_in_search_order(symbols, n);
		const struct symbol *symbol;

		if (!is_asked(loaded, glob))
			continue;
		symbol = find_in_table(&loaded->objects, name);
		if (!symbol)
			symbol = find_in_table(&loaded->functions, name);
		if (!symbol)
			continue;
		*address = symbol->start;
		*size = symbol->size;
		return 0;
	}
	return explain(symbols, glob, name, true);
}

size_t symbols_named(struct symbols *symbols, const char *name, uint64_t *addresses, size_t max)
{
	struct addresses found = {0};
	size_t count;

	for (size_t n = 0; n < symbols->count; n++)
		find_exact(symbols_in_search_order(symbols, n), name, &found);
	count = found.count < max ? found.count : max;
	if (count)
		memcpy(addresses, found.list, count * sizeof(*addresses));
	free(found.list);
	return count;
}

/* Every module is asked: zeroed data (.bss) lies behind what is mapped of the file. */
bool symbols_object_at(struct symbols *symbols, uint64_t address, struct object_place *object)
{
	for (size_t n = 0; n < symbols->count; n++) {
		struct loaded *loaded = symbols->alive[n];
		struct symbol *symbol = table_at(&loaded->objects, address);

		if (!symbol)
			continue;
		*object = (struct object_place){.module = &loaded->module,
						.name = symbol_text(symbol),
						.start = symbol->start,
						.size = symbol->size};
		return true;
	}
	return false;
}
