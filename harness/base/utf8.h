/* SPDX-License-Identifier: MIT */
/*
 * Text from anywhere (arguments, paths, output of a target) as valid UTF-8, which is all that JSON
 * can hold. Knows nothing of where the text comes from.
 */
#ifndef SIGSWEEP_BASE_UTF8_H
#define SIGSWEEP_BASE_UTF8_H

#include <jansson.h>
#include <stddef.h>

/*
 * The length of the valid UTF-8 sequence at the start of `text` (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF); 0 when there is none.
 */
size_t utf8_sequence(const char *text, size_t size);

/* A copy in which each byte that belongs to no valid sequence is U+FFFD; NUL-terminated, its length
 * in *clean_size (NULL: not asked). NUL bytes stay. The caller frees. */
char *utf8_clean(const char *text, size_t size, size_t *clean_size);

/* A new JSON string of the bytes, cleaned. NULL as text gives JSON null. */
json_t *utf8_json(const char *text);
json_t *utf8_json_bytes(const char *bytes, size_t size);

#endif
