/* SPDX-License-Identifier: MIT */
/* Puts the members of JSON objects in a fixed order. Internal to reports/. */
#ifndef SIGSWEEP_REPORTS_MEMBERS_H
#define SIGSWEEP_REPORTS_MEMBERS_H

#include <jansson.h>

enum member_default {
	MEMBER_OPTIONAL, /* left out where it is missing */
	MEMBER_NULL,     /* null where it is missing */
	MEMBER_LIST,     /* [] where it is missing */
	MEMBER_OBJECT,   /* {} where it is missing */
};

struct member {
	const char *name; /* NULL ends the table */
	enum member_default missing;
};

/* A new object with the members of `object` in the table's order, then those that the table does
 * not know, by name. An `object` that is none counts as empty. */
json_t *members_order(const json_t *object, const struct member *table);

#endif
