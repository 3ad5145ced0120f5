/* SPDX-License-Identifier: MIT */
/*
 * Names with what was counted under them: outcomes, deliveries, reasons, findings. The number of
 * names may be limited, so that a careless reason (one with an address in it) cannot grow without
 * end over millions of trials.
 */
#ifndef SIGSWEEP_REPORTS_TALLY_H
#define SIGSWEEP_REPORTS_TALLY_H

#include "reports/intervals.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

struct tally_entry {
	char *name;
	uint64_t count;
	struct intervals boundaries; /* for those that keep them */
	json_t *example;             /* owned; for those that keep one, else NULL */
	UT_hash_handle hh;
};

/* An empty tally is all zeros. */
struct tally {
	struct tally_entry *entries; /* walk with HASH_ITER(hh, ...) */
	const char *overflow; /* name that all get once `limit` names are there; NULL: none */
	size_t limit;
};

/* The entry of this name, made when it is new. */
struct tally_entry *tally_entry(struct tally *tally, const char *name, size_t length);

/* The entry of this name, or NULL. */
struct tally_entry *tally_find(const struct tally *tally, const char *name);

size_t tally_size(const struct tally *tally);

/* Puts the entries in order; compare gets two entries. */
void tally_sort(struct tally *tally,
		int (*compare)(const struct tally_entry *left, const struct tally_entry *right));
int tally_compare_names(const struct tally_entry *left, const struct tally_entry *right);

void tally_clear(struct tally *tally);

#endif
