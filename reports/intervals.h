/* SPDX-License-Identifier: MIT */
/*
 * Sets of boundary indices that stay small: whole stretches cost one entry, ragged ones one bit for
 * each index. Indices may come in any order, since jobs overtake each other. Knows nothing of what
 * the indices stand for.
 */
#ifndef SIGSWEEP_REPORTS_INTERVALS_H
#define SIGSWEEP_REPORTS_INTERVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct interval_block; /* private to intervals.c */

/* An empty set is all zeros. */
struct intervals {
	struct interval_block *blocks; /* sorted, owned */
	size_t block_count;
	size_t capacity;
	uint64_t count; /* of indices in the set */
};

/* Both ends belong to the range. */
struct range {
	uint64_t first;
	uint64_t last;
};

/* Adds an index; false when it was in the set already. */
bool intervals_add(struct intervals *set, uint64_t index);

bool intervals_has(const struct intervals *set, uint64_t index);

/*
 * The first whole range (its neighbours on both sides are not in the set) that reaches `from` or
 * lies beyond it, cut to begin at `from`; false when there is none. Walk a set with
 * `for (from = 0; intervals_next(set, from, &range); from = range.last + 1)`.
 */
bool intervals_next(const struct intervals *set, uint64_t from, struct range *range);

/* The same for the gaps of the set, up to and with `last`. */
bool intervals_next_gap(const struct intervals *set, uint64_t from, uint64_t last,
			struct range *range);

/* How many indices of `set` are not in `other`. */
uint64_t intervals_count_outside(const struct intervals *set, const struct intervals *other);

/* The smallest and the largest index; 0 for an empty set. */
uint64_t intervals_first(const struct intervals *set);
uint64_t intervals_last(const struct intervals *set);

/* Gives back the memory and leaves an empty set. */
void intervals_clear(struct intervals *set);

#endif
