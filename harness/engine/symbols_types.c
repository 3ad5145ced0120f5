/* SPDX-License-Identifier: MIT */
/*
 * What DWARF says of the type of a byte within a variable: from the variable down through
 * structures and arrays to the scalar, with names and qualifiers on the way. Knows nothing of
 * addresses but that they add up.
 */
#include "harness/engine/symbols_module.h"

#include <dwarf.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 32

/* On the way down. */
struct descent {
	struct data_place *place;
	char path[DATA_NAME];
	uint64_t start;  /* of what `type` describes, in the process */
	uint64_t offset; /* of the byte in it */
	Dwarf_Die type;
	bool has_object;
};

static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;

	return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attribute), type);
}

static void append(char *text, size_t size, const char *more)
{
	const size_t used = strlen(text);

	snprintf(text + used, size - used, "%s", more);
}

static const char *word_of(int tag)
{
	switch (tag) {
	case DW_TAG_structure_type:
		return "struct";
	case DW_TAG_union_type:
		return "union";
	case DW_TAG_enumeration_type:
		return "enum";
	case DW_TAG_const_type:
		return "const";
	case DW_TAG_volatile_type:
		return "volatile";
	case DW_TAG_atomic_type:
		return "_Atomic";
	default:
		return NULL;
	}
}

/* A qualifier of a pointer itself stands behind it. */
static bool is_of_pointer(int tag, Dwarf_Die *inner)
{
	return (tag == DW_TAG_const_type || tag == DW_TAG_volatile_type ||
		tag == DW_TAG_atomic_type) &&
	       dwarf_tag(inner) == DW_TAG_pointer_type;
}

static void append_behind(char *text, size_t size, int tag)
{
	if (tag == DW_TAG_pointer_type)
		append(text, size, " *");
	else if (tag == DW_TAG_reference_type || tag == DW_TAG_rvalue_reference_type)
		append(text, size, " &");
	else if (tag == DW_TAG_array_type)
		append(text, size, "[]");
}

/* The type as C writes it, roughly: arrays behind and without their lengths. */
static void format_type(Dwarf_Die *type, char *text, size_t size, int depth)
{
	const int tag = dwarf_tag(type);
	const char *name = dwarf_diename(type);
	const char *word = word_of(tag);
	Dwarf_Die inner;
	const bool has_inner = depth < DEPTH_MAX && !name && type_of(type, &inner);
	const bool is_behind = has_inner && is_of_pointer(tag, &inner);

	if (word && !is_behind) {
		append(text, size, word);
		append(text, size, " ");
	}
	if (name)
		append(text, size, name);
	else if (tag == DW_TAG_structure_type || tag == DW_TAG_union_type ||
		 tag == DW_TAG_class_type || tag == DW_TAG_enumeration_type)
		append(text, size, "{...}");
	else if (has_inner)
		format_type(&inner, text, size, depth + 1);
	else
		append(text, size, tag == DW_TAG_subroutine_type ? "function" : "void");
	append_behind(text, size, tag);
	if (is_behind)
		append(text, size, word);
}

static bool is_atomic_class(const char *name)
{
	return name && (!strncmp(name, "atomic<", 7) || !strncmp(name, "__atomic_base<", 14) ||
			!strcmp(name, "atomic_flag") || !strcmp(name, "__atomic_flag_base"));
}

/* Takes off names and qualifiers, noting what they say. False: there is nothing below. */
static bool strip(struct descent *descent)
{
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		struct data_place *place = descent->place;
		const char *name = dwarf_diename(&descent->type);

		switch (dwarf_tag(&descent->type)) {
		case DW_TAG_typedef:
			place->is_sig_atomic |= name && (!strcmp(name, "sig_atomic_t") ||
							 !strcmp(name, "__sig_atomic_t"));
			break;
		case DW_TAG_volatile_type:
			place->is_volatile = true;
			break;
		case DW_TAG_atomic_type:
			place->is_atomic = true;
			break;
		case DW_TAG_const_type:
		case DW_TAG_restrict_type:
			break;
		default:
			place->is_atomic |= is_atomic_class(name);
			return true;
		}
		if (!type_of(&descent->type, &descent->type))
			return false;
	}
	return false;
}

static void take_object(struct descent *descent, Dwarf_Die *written_as)
{
	struct data_place *place = descent->place;
	Dwarf_Word size;

	if (descent->has_object || dwarf_aggregate_size(&descent->type, &size))
		return;
	descent->has_object = true;
	place->object_start = descent->start;
	place->object_size = size;
	snprintf(place->object, sizeof(place->object), "%s", descent->path);
	place->object_type[0] = '\0';
	format_type(written_as, place->object_type, sizeof(place->object_type), 0);
}

static bool member_at(Dwarf_Die *aggregate, uint64_t offset, Dwarf_Die *found, uint64_t *start)
{
	Dwarf_Die die;

	if (dwarf_child(aggregate, &die))
		return false;
	do {
		const int tag = dwarf_tag(&die);
		Dwarf_Attribute attribute;
		Dwarf_Word at = 0;
		Dwarf_Word size;
		Dwarf_Die type;

		if ((tag != DW_TAG_member && tag != DW_TAG_inheritance) || !type_of(&die, &type) ||
		    dwarf_aggregate_size(&type, &size))
			continue;
		if (dwarf_attr(&die, DW_AT_data_member_location, &attribute) &&
		    dwarf_formudata(&attribute, &at))
			continue;
		if (offset < at || offset - at >= size)
			continue;
		*found = die;
		*start = at;
		return true;
	} while (!dwarf_siblingof(&die, &die));
	return false;
}

/* Into a member. False: the byte is padding, a bit field, or of a union, whose members are one. */
static bool enter_member(struct descent *descent)
{
	Dwarf_Die member;
	uint64_t start;
	const char *name;

	if (dwarf_tag(&descent->type) == DW_TAG_union_type ||
	    !member_at(&descent->type, descent->offset, &member, &start))
		return false;
	name = dwarf_diename(&member);
	if (name && dwarf_tag(&member) == DW_TAG_member) {
		append(descent->path, sizeof(descent->path), ".");
		append(descent->path, sizeof(descent->path), name);
	}
	descent->start += start;
	descent->offset -= start;
	return type_of(&member, &descent->type);
}

/* Is the innermost element of an array a structure or a union? */
static bool holds_aggregates(Dwarf_Die type)
{
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		switch (dwarf_tag(&type)) {
		case DW_TAG_structure_type:
		case DW_TAG_class_type:
		case DW_TAG_union_type:
			return true;
		case DW_TAG_array_type:
		case DW_TAG_typedef:
		case DW_TAG_volatile_type:
		case DW_TAG_const_type:
		case DW_TAG_atomic_type:
			break;
		default:
			return false;
		}
		if (!type_of(&type, &type))
			return false;
	}
	return false;
}

static bool enter_element(struct descent *descent)
{
	char index[32];
	Dwarf_Die element;
	Dwarf_Word size;

	if (!type_of(&descent->type, &element) || dwarf_aggregate_size(&element, &size) || !size)
		return false;
	snprintf(index, sizeof(index), "[%llu]", (unsigned long long)(descent->offset / size));
	append(descent->path, sizeof(descent->path), index);
	descent->start += descent->offset / size * size;
	descent->offset %= size;
	descent->type = element;
	return true;
}

static bool enter(struct descent *descent)
{
	const Dwarf_Die written_as = descent->type;

	if (!strip(descent))
		return false;
	switch (dwarf_tag(&descent->type)) {
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
		take_object(descent, (Dwarf_Die *)&written_as);
		return enter_member(descent);
	case DW_TAG_array_type:
		if (!holds_aggregates(descent->type))
			take_object(descent, (Dwarf_Die *)&written_as);
		return enter_element(descent);
	default:
		take_object(descent, (Dwarf_Die *)&written_as);
		return false;
	}
}

bool type_describe(Dwarf_Die *variable, uint64_t start, uint64_t offset, struct data_place *place)
{
	struct descent descent = {.place = place, .start = start, .offset = offset};
	Dwarf_Die written_as;
	Dwarf_Word size;

	if (!type_of(variable, &descent.type))
		return false;
	snprintf(descent.path, sizeof(descent.path), "%s", place->symbol);
	do
		written_as = descent.type;
	while (enter(&descent));
	if (!descent.has_object || dwarf_aggregate_size(&written_as, &size))
		return false;
	place->part_start = descent.start;
	place->part_size = size;
	snprintf(place->part, sizeof(place->part), "%s", descent.path);
	format_type(&written_as, place->part_type, sizeof(place->part_type), 0);
	return true;
}
