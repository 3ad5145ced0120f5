/* SPDX-License-Identifier: MIT */
/*
 * Source lines. Which compilation unit an address belongs to is taken from the units themselves and
 * not from .debug_aranges, which some compilers leave out.
 */
#include "harness/base/alloc.h"
#include "harness/engine/symbols_module.h"

#include <dwarf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

Dwarf *loaded_dwarf(struct loaded *loaded)
{
	Dwarf_Addr bias;

	if (!loaded->dwarf && loaded->module.has_lines) {
		loaded->dwarf = dwfl_module_getdwarf(loaded->dwfl_module, &bias);
		loaded->dwarf_bias = bias;
	}
	return loaded->dwarf;
}

static void add_ranges(struct loaded *loaded, size_t *capacity, Dwarf_Die *die)
{
	Dwarf_Addr base;
	Dwarf_Addr start;
	Dwarf_Addr end;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		if (end <= start)
			continue;
		alloc_grow((void **)&loaded->units, loaded->unit_count, capacity,
			   sizeof(*loaded->units));
		loaded->units[loaded->unit_count++] =
			(struct unit_range){.start = start, .end = end, .die = *die};
	}
}

static int compare(const void *left, const void *right)
{
	const struct unit_range *a = left;
	const struct unit_range *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

static void read_units(struct loaded *loaded)
{
	Dwarf *dwarf = loaded_dwarf(loaded);
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;
	size_t capacity = 0;
	uint64_t reach = 0;

	loaded->units_are_read = true;
	if (!dwarf)
		return;
	while (!dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &die, NULL))
		add_ranges(loaded, &capacity, &die);
	if (loaded->unit_count == 0)
		return;
	qsort(loaded->units, loaded->unit_count, sizeof(*loaded->units), compare);
	for (size_t i = 0; i < loaded->unit_count; i++) {
		if (loaded->units[i].end > reach)
			reach = loaded->units[i].end;
		loaded->units[i].reach = reach;
	}
}

static Dwarf_Die *find_unit(struct loaded *loaded, uint64_t address)
{
	size_t low = 0;
	size_t high;

	if (!loaded->units_are_read)
		read_units(loaded);
	high = loaded->unit_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (loaded->units[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	while (low > 0 && loaded->units[low - 1].reach > address) {
		if (loaded->units[--low].end > address)
			return &loaded->units[low].die;
	}
	return NULL;
}

bool lines_at(struct loaded *loaded, uint64_t address, const char **file, int *line)
{
	Dwarf_Die *unit;
	Dwarf_Line *row;
	const char *path;
	int number;

	if (!loaded_dwarf(loaded))
		return false;
	address -= loaded->dwarf_bias;
	unit = find_unit(loaded, address);
	row = unit ? dwarf_getsrc_die(unit, address) : NULL;
	/* Line 0 is the compiler's word for code that belongs to no line. */
	if (!row || dwarf_lineno(row, &number) || number <= 0)
		return false;
	path = dwarf_linesrc(row, NULL, NULL);
	if (!path)
		return false;
	*file = path;
	*line = number;
	return true;
}

/* A place that the line was compiled to: one function, or one inlined copy of it. */
struct spot {
	uint64_t address;
	Dwarf_Off scope;
};

struct search {
	const char *file;
	int line;
	int next_line; /* the nearest one after `line` that has code, INT_MAX: none */
	bool file_is_known;
	struct spot *spots; /* of the unit that is being read */
	size_t spot_count;
	size_t spot_capacity;
	uint64_t *addresses;
	size_t count;
	size_t capacity;
};

static bool is_path_suffix(const char *path, const char *suffix)
{
	size_t length = strlen(path);
	size_t suffix_length = strlen(suffix);

	if (suffix_length > length || strcmp(path + length - suffix_length, suffix))
		return false;
	return suffix_length == length || *suffix == '/' || path[length - suffix_length - 1] == '/';
}

/* The innermost function or inlined copy around an address of the unit; 0: none. */
static Dwarf_Off find_scope(Dwarf_Die *unit, uint64_t address)
{
	Dwarf_Die *scopes;
	int count = dwarf_getscopes(unit, address, &scopes);
	Dwarf_Off found = 0;

	for (int i = 0; i < count && !found; i++) {
		int tag = dwarf_tag(&scopes[i]);

		if (tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine)
			found = dwarf_dieoffset(&scopes[i]);
	}
	if (count > 0)
		free(scopes);
	return found;
}

static void add_spot(struct search *search, uint64_t address, Dwarf_Off scope)
{
	for (size_t i = 0; i < search->spot_count; i++) {
		struct spot *spot = &search->spots[i];

		if (spot->scope != scope)
			continue;
		if (address < spot->address)
			spot->address = address;
		return;
	}
	alloc_grow((void **)&search->spots, search->spot_count, &search->spot_capacity,
		   sizeof(*search->spots));
	search->spots[search->spot_count++] = (struct spot){.address = address, .scope = scope};
}

static void look_at_row(struct search *search, Dwarf_Die *unit, Dwarf_Line *row)
{
	Dwarf_Addr address;
	const char *path;
	bool is_end;
	bool is_statement;
	int line;

	if (dwarf_lineendsequence(row, &is_end) || is_end ||
	    dwarf_linebeginstatement(row, &is_statement) || !is_statement ||
	    dwarf_lineno(row, &line) || line < search->line || line >= search->next_line)
		return;
	path = dwarf_linesrc(row, NULL, NULL);
	if (!path || !is_path_suffix(path, search->file))
		return;
	search->file_is_known = true;
	if (line > search->line)
		search->next_line = line;
	else if (!dwarf_lineaddr(row, &address))
		add_spot(search, address, find_scope(unit, address));
}

static bool unit_has_file(Dwarf_Die *unit, const char *file)
{
	Dwarf_Files *files;
	size_t count;

	if (dwarf_getsrcfiles(unit, &files, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *path = dwarf_filesrc(files, i, NULL, NULL);

		if (path && is_path_suffix(path, file))
			return true;
	}
	return false;
}

static void search_unit(struct search *search, struct loaded *loaded, Dwarf_Die *unit)
{
	Dwarf_Lines *lines;
	size_t count;

	if (!unit_has_file(unit, search->file) || dwarf_getsrclines(unit, &lines, &count))
		return;
	search->file_is_known = true;
	search->spot_count = 0;
	for (size_t i = 0; i < count; i++)
		look_at_row(search, unit, dwarf_onesrcline(lines, i));
	for (size_t i = 0; i < search->spot_count; i++) {
		alloc_grow((void **)&search->addresses, search->count, &search->capacity,
			   sizeof(*search->addresses));
		search->addresses[search->count++] = search->spots[i].address + loaded->dwarf_bias;
	}
}

static int explain(const struct search *search, bool any_lines)
{
	if (!any_lines)
		return fail(-ENOENT,
			    "cannot find %s:%d: no module has line numbers (build with -g, or "
			    "install the debug symbols)",
			    search->file, search->line);
	if (!search->file_is_known)
		return fail(-ENOENT, "no line table names a source file %s", search->file);
	if (search->next_line != INT_MAX)
		return fail(-ENOENT, "%s:%d has no code; the next line that has is %d",
			    search->file, search->line, search->next_line);
	return fail(-ENOENT, "%s:%d has no code, nor has any line after it", search->file,
		    search->line);
}

int symbols_find_line(struct symbols *symbols, const char *file, int line, uint64_t **addresses,
		      size_t *count)
{
	struct search search = {.file = file, .line = line, .next_line = INT_MAX};
	bool any_lines = false;

	for (size_t n = 0; n < symbols->count; n++) {
		struct loaded *loaded = symbols_in_search_order(symbols, n);
		Dwarf *dwarf = loaded_dwarf(loaded);
		Dwarf_CU *unit = NULL;
		Dwarf_Die die;

		if (!dwarf)
			continue;
		any_lines = true;
		while (!dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &die, NULL))
			search_unit(&search, loaded, &die);
	}
	free(search.spots);
	if (search.count == 0) {
		free(search.addresses);
		return explain(&search, any_lines);
	}
	*addresses = search.addresses;
	*count = search.count;
	return 0;
}
