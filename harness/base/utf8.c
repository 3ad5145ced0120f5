/* SPDX-License-Identifier: MIT */
/* The table of well-formed sequences of RFC 3629, section 4, as code. */
#include "harness/base/utf8.h"

#include "harness/base/alloc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

static bool continues(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* The first two bytes settle overlong forms, surrogates and the upper end. */
static bool second_fits(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return continues(second);
	}
}

size_t utf8_sequence(const char *text, size_t size)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t length;

	if (size == 0)
		return 0;
	if (bytes[0] < 0x80)
		return 1;
	if (bytes[0] < 0xc2 || bytes[0] > 0xf4)
		return 0;
	length = bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
	if (length > size || !second_fits(bytes[0], bytes[1]))
		return 0;
	for (size_t n = 2; n < length; n++) {
		if (!continues(bytes[n]))
			return 0;
	}
	return length;
}

char *utf8_clean(const char *text, size_t size, size_t *clean_size)
{
	char *clean = alloc_resize(NULL, size + 1, sizeof(replacement));
	size_t used = 0;

	while (size > 0) {
		size_t length = utf8_sequence(text, size);
		size_t taken = length ? length : 1;

		if (length) {
			memcpy(clean + used, text, length);
			used += length;
		} else {
			memcpy(clean + used, replacement, sizeof(replacement) - 1);
			used += sizeof(replacement) - 1;
		}
		text += taken;
		size -= taken;
	}
	clean[used] = '\0';
	if (clean_size)
		*clean_size = used;
	return clean;
}

json_t *utf8_json_bytes(const char *bytes, size_t size)
{
	json_t *json = json_stringn(bytes, size);
	char *clean;
	size_t clean_size;

	if (json)
		return json;
	clean = utf8_clean(bytes, size, &clean_size);
	json = json_stringn(clean, clean_size);
	free(clean);
	return json;
}

json_t *utf8_json(const char *text)
{
	return text ? utf8_json_bytes(text, strlen(text)) : json_null();
}
