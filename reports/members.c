/* SPDX-License-Identifier: MIT */
/* jansson keeps members in the order in which they were set: so they are set in order. */
#include "reports/members.h"

#include "harness/base/alloc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void set_member(json_t *object, const struct member *member, json_t *value)
{
	if (value)
		json_object_set(object, member->name, value);
	else if (member->missing == MEMBER_NULL)
		json_object_set_new(object, member->name, json_null());
	else if (member->missing == MEMBER_LIST)
		json_object_set_new(object, member->name, json_array());
	else if (member->missing == MEMBER_OBJECT)
		json_object_set_new(object, member->name, json_object());
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Members that no table knows come last, sorted: their order must not depend on the writer. */
static void add_others(json_t *ordered, const json_t *object)
{
	const char **names = alloc_zero(json_object_size(object) * sizeof(*names));
	const char *name;
	json_t *value;
	size_t count = 0;

	json_object_foreach ((json_t *)object, name, value) {
		if (!json_object_get(ordered, name))
			names[count++] = name;
	}
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t n = 0; n < count; n++)
		json_object_set(ordered, names[n], json_object_get(object, names[n]));
	free(names);
}

json_t *members_order(const json_t *object, const struct member *table)
{
	json_t *ordered = json_object();

	for (; table->name; table++)
		set_member(ordered, table, json_object_get(object, table->name));
	if (json_is_object(object))
		add_others(ordered, object);
	return ordered;
}
