/* SPDX-License-Identifier: MIT */
/*
 * Which variable a byte of static data belongs to: DWARF's table of variables, made when a module
 * is first asked, since most sweeps never ask; else the symbol table. Knows nothing of types.
 */
#include "harness/base/alloc.h"
#include "harness/engine/symbols_module.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64

/* The address that a variable always has; false: it is somewhere else, or nowhere. */
static bool fixed_address(Dwarf_Die *die, Dwarf_Addr *address)
{
	Dwarf_Attribute attribute;
	Dwarf_Attribute operand;
	Dwarf_Op *operations;
	size_t count;

	if (!dwarf_attr(die, DW_AT_location, &attribute) ||
	    dwarf_getlocation(&attribute, &operations, &count) || count != 1)
		return false;
	if (operations[0].atom == DW_OP_addr) {
		*address = operations[0].number;
		return true;
	}
	return operations[0].atom == DW_OP_addrx &&
	       !dwarf_getlocation_attr(&attribute, operations, &operand) &&
	       !dwarf_formaddr(&operand, address);
}

static void add_variable(struct loaded *loaded, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Addr address;
	Dwarf_Die type;
	Dwarf_Word size;

	if (!fixed_address(die, &address) ||
	    !dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attribute), &type) ||
	    dwarf_aggregate_size(&type, &size) || !size)
		return;
	alloc_grow((void **)&loaded->variables, loaded->variable_count, &loaded->variable_capacity,
		   sizeof(*loaded->variables));
	loaded->variables[loaded->variable_count++] =
		(struct variable){.start = address, .end = address + size, .die = *die};
}

/* Variables of files, of functions that keep them, of namespaces and of classes. */
static void read_children(struct loaded *loaded, Dwarf_Die *parent, int depth)
{
	Dwarf_Die die;

	if (depth > DEPTH_MAX || dwarf_child(parent, &die))
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_variable:
			add_variable(loaded, &die);
			break;
		case DW_TAG_subprogram:
		case DW_TAG_lexical_block:
		case DW_TAG_inlined_subroutine:
		case DW_TAG_namespace:
		case DW_TAG_structure_type:
		case DW_TAG_class_type:
			read_children(loaded, &die, depth + 1);
			break;
		default:
			break;
		}
	} while (!dwarf_siblingof(&die, &die));
}

static int compare(const void *left, const void *right)
{
	const struct variable *a = left;
	const struct variable *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

static void read_variables(struct loaded *loaded)
{
	Dwarf *dwarf = loaded_dwarf(loaded);
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;

	loaded->variables_are_read = true;
	if (!dwarf)
		return;
	while (!dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &die, NULL))
		read_children(loaded, &die, 0);
	if (loaded->variable_count)
		qsort(loaded->variables, loaded->variable_count, sizeof(*loaded->variables),
		      compare);
}

static struct variable *find_variable(struct loaded *loaded, uint64_t address)
{
	size_t low = 0;
	size_t high;

	if (!loaded->variables_are_read)
		read_variables(loaded);
	high = loaded->variable_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (loaded->variables[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < loaded->variables[low - 1].end ? &loaded->variables[low - 1] : NULL;
}

static void take_symbol(struct loaded *loaded, uint64_t address, struct data_place *place)
{
	struct symbol *symbol = table_at(&loaded->objects, address);

	if (!symbol)
		return;
	place->symbol = symbol_text(symbol);
	place->symbol_start = symbol->start;
	place->symbol_size = symbol->size;
}

static void take_variable(struct loaded *loaded, uint64_t address, struct data_place *place)
{
	struct variable *variable = find_variable(loaded, address - loaded->dwarf_bias);
	Dwarf_Attribute attribute;
	const char *name;

	if (!variable)
		return;
	name = dwarf_formstring(dwarf_attr_integrate(&variable->die, DW_AT_name, &attribute));
	if (!place->symbol && name) {
		place->symbol = name;
		place->symbol_start = variable->start + loaded->dwarf_bias;
		place->symbol_size = variable->end - variable->start;
	}
	if (place->symbol)
		place->is_typed =
			type_describe(&variable->die, variable->start + loaded->dwarf_bias,
				      address - loaded->dwarf_bias - variable->start, place);
}

bool symbols_data_at(struct symbols *symbols, uint64_t address, struct data_place *place)
{
	memset(place, 0, sizeof(*place));
	place->module = symbols_module_at(symbols, address);
	for (size_t i = 0; place->module && i < symbols->count; i++) {
		struct loaded *loaded = symbols->alive[i];

		if (&loaded->module != place->module)
			continue;
		(void)!loaded_dwarf(loaded);
		take_symbol(loaded, address, place);
		take_variable(loaded, address, place);
	}
	return place->module;
}
