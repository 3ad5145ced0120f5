/* SPDX-License-Identifier: MIT */
/*
 * The symbol tables of a module: which symbol covers an address, and which have a name. Where
 * several symbols cover an address in the same way, the one that a person would call it by.
 */
#include "harness/base/alloc.h"
#include "harness/engine/symbols_module.h"

#include <libiberty/demangle.h>

#include <stdlib.h>
#include <string.h>

static size_t count_leading_underscores(const char *name)
{
	return strspn(name, "_");
}

/* Less than 0 when `a` is the worse name. Mangled names begin with an underscore by rule, so it
 * says nothing about them; names that only differ in it are an alias for internal use. */
static int compare_merit(const struct symbol *a, const struct symbol *b)
{
	size_t a_underscores = count_leading_underscores(a->name);
	size_t b_underscores = count_leading_underscores(b->name);

	if (a->is_local != b->is_local)
		return a->is_local ? -1 : 1;
	if (a->is_typed != b->is_typed)
		return a->is_typed ? 1 : -1;
	if (a_underscores != b_underscores)
		return a_underscores > b_underscores ? -1 : 1;
	if (a->is_weak != b->is_weak)
		return a->is_weak ? -1 : 1;
	if (strlen(a->name) != strlen(b->name))
		return strlen(a->name) > strlen(b->name) ? -1 : 1;
	return -strcmp(a->name, b->name);
}

static int compare_start(const void *left, const void *right)
{
	const struct symbol *a = left;
	const struct symbol *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return compare_merit(a, b);
}

static int compare_name(const void *left, const void *right, void *context)
{
	const struct symbol_table *table = context;
	const struct symbol *a = &table->list[*(const size_t *)left];
	const struct symbol *b = &table->list[*(const size_t *)right];
	int order = strcmp(a->name, b->name);

	if (order)
		return order;
	return a->start < b->start ? -1 : a->start > b->start;
}

void table_add(struct symbol_table *table, const struct symbol *symbol)
{
	alloc_grow((void **)&table->list, table->count, &table->capacity, sizeof(*table->list));
	table->list[table->count++] = *symbol;
}

static void sort(struct symbol_table *table)
{
	uint64_t reach = 0;

	if (table->count == 0)
		return;
	qsort(table->list, table->count, sizeof(*table->list), compare_start);
	table->by_name = alloc_resize(table->by_name, table->count, sizeof(*table->by_name));
	for (size_t i = 0; i < table->count; i++) {
		uint64_t end = table->list[i].start + table->list[i].size;

		if (end > reach)
			reach = end;
		table->list[i].reach = reach;
		table->by_name[i] = i;
	}
	qsort_r(table->by_name, table->count, sizeof(*table->by_name), compare_name, table);
}

/* A version ("read@@GLIBC_2.2.5") is how the linker tells symbols apart, no part of the name. */
static const char *clean_name(struct loaded *loaded, const char *name)
{
	const char *version = strchr(name, '@');

	if (!version || version == name)
		return name;
	return loaded_keep_text(loaded, strndup(name, (size_t)(version - name)));
}

static bool is_sane(const char *name)
{
	if (!name || !*name || !strncmp(name, ".L", 2))
		return false;
	for (; *name; name++) {
		if ((unsigned char)*name < 0x20 || *name == 0x7f)
			return false;
	}
	return true;
}

static bool is_code(const struct loaded *loaded, uint64_t address)
{
	size_t count;

	if (elf_getphdrnum(loaded->elf, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;
		uint64_t start;

		if (!gelf_getphdr(loaded->elf, (int)i, &segment) || segment.p_type != PT_LOAD ||
		    !(segment.p_flags & PF_X))
			continue;
		start = loaded->module.bias + segment.p_vaddr;
		if (address >= start && address < start + segment.p_memsz)
			return true;
	}
	return false;
}

/* A label of hand-written assembly has no size: its function is what the unwind table says begins
 * exactly there, and otherwise nothing is known of its extent. */
static uint64_t size_of_label(struct loaded *loaded, uint64_t start)
{
	const struct unwind_entry *entry = frames_at(loaded, start);

	return entry && entry->start == start ? entry->end - start : 0;
}

static void add_symbol(struct loaded *loaded, const char *name, const GElf_Sym *from,
		       uint64_t start)
{
	int type = GELF_ST_TYPE(from->st_info);
	struct symbol symbol = {
		.start = start,
		.size = from->st_size,
		.name = clean_name(loaded, name),
		.is_local = GELF_ST_BIND(from->st_info) == STB_LOCAL,
		.is_weak = GELF_ST_BIND(from->st_info) == STB_WEAK,
		.is_typed = type == STT_FUNC || type == STT_GNU_IFUNC,
	};

	if (type == STT_OBJECT || type == STT_COMMON || !is_code(loaded, start)) {
		table_add(&loaded->objects, &symbol);
		return;
	}
	if (symbol.size == 0)
		symbol.size = size_of_label(loaded, start);
	table_add(&loaded->functions, &symbol);
}

void tables_read(struct loaded *loaded)
{
	int count = dwfl_module_getsymtab(loaded->dwfl_module);

	for (int i = 0; i < count; i++) {
		GElf_Sym symbol;
		GElf_Addr address;
		GElf_Word section;
		const char *name = dwfl_module_getsym_info(loaded->dwfl_module, i, &symbol,
							   &address, &section, NULL, NULL);
		int type = GELF_ST_TYPE(symbol.st_info);

		if (!is_sane(name) || section == SHN_UNDEF || section == SHN_ABS)
			continue;
		if (type == STT_SECTION || type == STT_FILE || type == STT_TLS)
			continue;
		add_symbol(loaded, name, &symbol, address);
	}
	sort(&loaded->functions);
	sort(&loaded->objects);
}

void tables_sort_functions(struct loaded *loaded)
{
	sort(&loaded->functions);
}

static void free_table(struct symbol_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->list[i].demangled);
	free(table->list);
	free(table->by_name);
}

void tables_free(struct loaded *loaded)
{
	free_table(&loaded->functions);
	free_table(&loaded->objects);
}

struct symbol *table_at(const struct symbol_table *table, uint64_t address)
{
	size_t low = 0;
	size_t high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->list[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	while (low > 0 && table->list[low - 1].reach > address) {
		struct symbol *symbol = &table->list[--low];

		if (address - symbol->start < symbol->size)
			return symbol;
	}
	return NULL;
}

size_t table_named(const struct symbol_table *table, const char *name, size_t *first)
{
	size_t low = 0;
	size_t high = table->count;
	size_t count = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(table->list[table->by_name[middle]].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*first = low;
	while (low + count < table->count &&
	       !strcmp(table->list[table->by_name[low + count]].name, name))
		count++;
	return count;
}

static bool is_mangled(const char *name)
{
	return !strncmp(name, "_Z", 2) || !strncmp(name, "_R", 2);
}

const char *symbol_text(struct symbol *symbol)
{
	if (!is_mangled(symbol->name))
		return symbol->name;
	if (!symbol->demangled) {
		symbol->demangled = cplus_demangle(symbol->name, DMGL_PARAMS | DMGL_ANSI);
		if (!symbol->demangled)
			symbol->demangled = alloc_text(symbol->name);
	}
	return symbol->demangled;
}
