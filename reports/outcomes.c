/* SPDX-License-Identifier: MIT */
/* Tables of names; a name that is in none of them comes last. */
#include "reports/outcomes.h"

#include <string.h>

struct name {
	const char *name; /* up to the colon */
	const char *meaning;
};

static const struct name outcome_names[] = {
	{"same", "ended as the baseline did"},         {"exit", "exited with this status"},
	{"signal", "killed by this signal"},           {"stuck", "blocked for ever"},
	{"spinning", "used up its CPU time"},          {"timeout", "out of time"},
	{"stopped", "stopped, as by Ctrl-Z"},          {"ignored", "the signal was ignored"},
	{"blocked", "the signal stayed blocked"},      {"diverged", "left the baseline's path"},
	{"not-reached", "never came to the boundary"}, {NULL, ""},
};

static const struct name delivery_names[] = {
	{"entered", "the handler ran"},
	{"default", "the default action was taken"},
	{"ignored", "the signal was ignored"},
	{"blocked", "the signal stayed pending"},
	{"no-room", "the stack had no room for the handler"},
	{"not", "the signal never came"},
	{NULL, ""},
};

static const struct name went_names[] = {
	{"caught", "a clause that names its class took the exception"},
	{"uncaught", "the exception ended the program"},
	{"replaced", "another exception took its place"},
	{"lost:bare-except", "an except without a class, or a finally that leaves, dropped it"},
	{"lost:unraisable", "it came where none can be raised: \"Exception ignored in\""},
	{"lost:c-code", "a C function dropped it, or set another over it"},
	{"returned", "the Python handler returned"},
	{"unfinished", "the program ended before that was decided"},
	{"pending", "nothing acted on the signal to the end"},
	{"not-entered", "CPython's C handler did not run"},
	{"unknown", "it could not be followed"},
	{NULL, ""},
};

static const struct name *find_name(const struct name *table, const char *name)
{
	size_t length = strcspn(name, ":");

	for (; table->name; table++) {
		if (strlen(table->name) == length && memcmp(table->name, name, length) == 0)
			break;
	}
	return table;
}

/* strverscmp: exit:3 before exit:12. */
static int compare(const struct name *table, const char *left, const char *right)
{
	const struct name *left_at = find_name(table, left);
	const struct name *right_at = find_name(table, right);

	if (left_at != right_at)
		return left_at < right_at ? -1 : 1;
	return strverscmp(left, right);
}

int outcomes_compare(const struct tally_entry *left, const struct tally_entry *right)
{
	return compare(outcome_names, left->name, right->name);
}

/* These have a meaning of their own behind the colon. */
static const struct name *find_went(const char *name)
{
	const struct name *row = went_names;

	while (row->name && strcmp(row->name, name) != 0)
		row++;
	return row;
}

int went_compare(const struct tally_entry *left, const struct tally_entry *right)
{
	const struct name *left_at = find_went(left->name);
	const struct name *right_at = find_went(right->name);

	if (left_at != right_at)
		return left_at < right_at ? -1 : 1;
	return strcmp(left->name, right->name);
}

const char *went_meaning(const char *name)
{
	return find_went(name)->meaning;
}

int deliveries_compare(const struct tally_entry *left, const struct tally_entry *right)
{
	return compare(delivery_names, left->name, right->name);
}

const char *outcomes_meaning(const char *name)
{
	return find_name(outcome_names, name)->meaning;
}

const char *deliveries_meaning(const char *name)
{
	return find_name(delivery_names, name)->meaning;
}
