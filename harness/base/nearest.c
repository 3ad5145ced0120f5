/* SPDX-License-Identifier: MIT */
/* See nearest.h. Knows nothing of what the words are: options, commands, kinds of boundary. */
#include "harness/base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define LONGEST 63

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t word_distance(const char *a, const char *b)
{
	/* rows[i % 3][j]: from the first i letters of a to the first j of b */
	size_t rows[3][LONGEST + 1];
	size_t a_length = strnlen(a, LONGEST);
	size_t b_length = strnlen(b, LONGEST);

	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i - 1) % 3];
		const size_t *above_that = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t replaced = above[j - 1] + !same(a[i - 1], b[j - 1]);

			row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = least(row[j], above_that[j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

const char *word_nearest(const char *word, const char *const *words, size_t count)
{
	size_t length = strlen(word);
	size_t best = (length + 2) / 3 + 1;
	const char *nearest = NULL;

	for (size_t n = 0; n < count; n++) {
		size_t distance = word_distance(word, words[n]);

		/* Nothing in common is no similarity, however short the words. */
		if (distance < best && distance < strlen(words[n])) {
			best = distance;
			nearest = words[n];
		}
	}
	for (size_t n = 0; !nearest && length > 1 && n < count; n++)
		if (!strncasecmp(word, words[n], length))
			nearest = words[n];
	return nearest;
}
