/* SPDX-License-Identifier: MIT */
/* A hash table from names to counts; uthash does the hashing. */
#include "harness/base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* uthash would end the process by itself; let it end the way the rest of the program does. */
#define uthash_malloc(size) alloc_zero(size)
#include "reports/tally.h"

struct tally_entry *tally_entry(struct tally *tally, const char *name, size_t length)
{
	struct tally_entry *entry;

	HASH_FIND(hh, tally->entries, name, length, entry);
	if (entry)
		return entry;
	if (tally->overflow && HASH_COUNT(tally->entries) >= tally->limit) {
		name = tally->overflow;
		length = strlen(name);
		HASH_FIND(hh, tally->entries, name, length, entry);
		if (entry)
			return entry;
	}
	entry = alloc_zero(sizeof(*entry));
	entry->name = alloc_zero(length + 1);
	memcpy(entry->name, name, length);
	HASH_ADD_KEYPTR(hh, tally->entries, entry->name, length, entry);
	return entry;
}

struct tally_entry *tally_find(const struct tally *tally, const char *name)
{
	struct tally_entry *entry;

	HASH_FIND(hh, tally->entries, name, strlen(name), entry);
	return entry;
}

size_t tally_size(const struct tally *tally)
{
	return HASH_COUNT(tally->entries);
}

void tally_sort(struct tally *tally,
		int (*compare)(const struct tally_entry *left, const struct tally_entry *right))
{
	HASH_SORT(tally->entries, compare);
}

int tally_compare_names(const struct tally_entry *left, const struct tally_entry *right)
{
	return strcmp(left->name, right->name);
}

void tally_clear(struct tally *tally)
{
	struct tally_entry *entry;
	struct tally_entry *next;

	HASH_ITER (hh, tally->entries, entry, next) {
		HASH_DEL(tally->entries, entry);
		intervals_clear(&entry->boundaries);
		json_decref(entry->example);
		free(entry->name);
		free(entry);
	}
}
