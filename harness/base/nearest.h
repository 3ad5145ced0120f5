/* SPDX-License-Identifier: MIT */
/* "Did you mean": the word of a list that a mistyped one was probably meant to be. */
#ifndef SIGSWEEP_BASE_NEAREST_H
#define SIGSWEEP_BASE_NEAREST_H

#include <stddef.h>

/*
 * The number of letters to insert, delete, replace or swap with their neighbour until `a` is `b`
 * (optimal string alignment distance); words over 63 bytes are cut. Letter case does not count.
 */
size_t word_distance(const char *a, const char *b);

/*
 * The one of `count` `words` nearest to `word`, or NULL when none is near enough to be meant: at
 * most one change for every three letters, or `word` is the beginning of it.
 */
const char *word_nearest(const char *word, const char *const *words, size_t count);

#endif
