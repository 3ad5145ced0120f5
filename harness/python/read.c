/* SPDX-License-Identifier: MIT */
/* Reads single objects of a CPython process: strings, type names, reference counts. */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/python/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_IS_STR (1ull << 28) /* Include/object.h, Py_TPFLAGS_UNICODE_SUBCLASS */
#define TYPE_NAME_MAX 256
#define TEXT_MAX 65536 /* characters of a str that is read whole */
#define UTF8_MAX 4     /* bytes of a character */
#define RANGE_MAX (64u << 20)
#define BASES_MAX 100 /* memory that is no type must not keep anybody */

unsigned char *read_range(pid_t pid, uint64_t start, uint64_t end, size_t *size)
{
	unsigned char *bytes;
	ssize_t got;

	*size = 0;
	if (end - start > RANGE_MAX)
		return NULL;
	bytes = alloc_zero((size_t)(end - start));
	got = memory_read_some(pid, start, bytes, (size_t)(end - start));
	if (got > 0) {
		*size = (size_t)got;
		return bytes;
	}
	free(bytes);
	return NULL;
}

int read_pointer(pid_t pid, uint64_t address, uint64_t *value)
{
	return memory_read(pid, address, value, sizeof(*value));
}

int read_int(pid_t pid, uint64_t address, int32_t *value)
{
	return memory_read(pid, address, value, sizeof(*value));
}

int read_bytes(const struct python *python, pid_t pid, uint64_t object, size_t max,
	       unsigned char **data, size_t *size)
{
	uint64_t length;
	int error = read_pointer(pid, object + python->at.object_size, &length);

	*data = NULL;
	if (error != 0)
		return error;
	*size = length < max ? (size_t)length : max;
	*data = alloc_zero(*size + 1);
	error = memory_read(pid, object + python->at.bytes_data, *data, *size);
	if (error != 0) {
		free(*data);
		*data = NULL;
	}
	return error;
}

int read_type(const struct python *python, pid_t pid, uint64_t object, uint64_t *type)
{
	return read_pointer(pid, object + python->at.object_type, type);
}

int read_type_name(const struct python *python, pid_t pid, uint64_t type, char *name, size_t size)
{
	char whole[TYPE_NAME_MAX];
	const char *last;
	uint64_t text;
	int error = read_pointer(pid, type + python->at.type_name, &text);
	ssize_t length;

	name[0] = '\0';
	if (error != 0)
		return error;
	length = memory_read_text(pid, text, whole, sizeof(whole));
	if (length < 0)
		return (int)length;
	last = strrchr(whole, '.');
	last = last == NULL ? whole : last + 1;
	length = (ssize_t)strnlen(last, size - 1);
	memcpy(name, last, (size_t)length);
	name[length] = '\0';
	return 0;
}

int python_type_name(const struct python *python, pid_t pid, uint64_t object, char *name,
		     size_t size)
{
	uint64_t type;
	int error = read_type(python, pid, object, &type);

	name[0] = '\0';
	return error == 0 ? read_type_name(python, pid, type, name, size) : error;
}

bool python_is_derived(const struct python *python, pid_t pid, uint64_t type, const char *name)
{
	char own[TYPE_NAME_MAX];

	for (int n = 0; type && n < BASES_MAX; n++) {
		if (read_type_name(python, pid, type, own, sizeof(own)))
			return false;
		if (strcmp(own, name) == 0)
			return true;
		if (read_pointer(pid, type + python->at.type_base, &type))
			return false;
	}
	return false;
}

/* Appends a character as UTF-8; false when it does not fit. A lone surrogate becomes U+FFFD. */
static bool put_character(uint32_t character, char *text, size_t size, size_t *used)
{
	unsigned char bytes[4];
	size_t count;

	if ((character >= 0xd800 && character < 0xe000) || character > 0x10ffff)
		character = 0xfffd;
	if (character < 0x80) {
		bytes[0] = (unsigned char)character;
		count = 1;
	} else if (character < 0x800) {
		bytes[0] = (unsigned char)(0xc0 | character >> 6);
		count = 2;
	} else if (character < 0x10000) {
		bytes[0] = (unsigned char)(0xe0 | character >> 12);
		count = 3;
	} else {
		bytes[0] = (unsigned char)(0xf0 | character >> 18);
		count = 4;
	}
	for (size_t n = 1; n < count; n++)
		bytes[n] = (unsigned char)(0x80 | (character >> 6 * (count - 1 - n) & 0x3f));
	if (*used + count >= size)
		return false;
	memcpy(text + *used, bytes, count);
	*used += count;
	return true;
}

/* Where the characters of a str are and how wide: 1, 2 or 4 bytes. */
static int find_characters(const struct python *python, pid_t pid, uint64_t object, uint64_t *data,
			   unsigned int *width)
{
	const struct python_layout *at = &python->at;
	uint32_t state;
	int error = memory_read(pid, object + at->unicode_state, &state, sizeof(state));

	if (error != 0)
		return error;
	*width = state >> at->unicode_kind_shift & 7;
	if (*width != 1 && *width != 2 && *width != 4)
		return -EINVAL;
	if ((state >> at->unicode_compact_shift & 1) == 0) /* str subclasses: data apart */
		return read_pointer(pid, object + at->unicode_compact_data, data);
	*data = object + ((state >> at->unicode_ascii_shift & 1) != 0 ? at->unicode_ascii_data
								      : at->unicode_compact_data);
	return 0;
}

static int check_str(const struct python *python, pid_t pid, uint64_t object)
{
	uint64_t type, flags;
	int error = read_type(python, pid, object, &type);

	if (error == 0)
		error = read_pointer(pid, type + python->at.type_flags, &flags);
	if (error != 0)
		return error;
	return (flags & TYPE_IS_STR) != 0 ? 0 : -EINVAL;
}

ssize_t python_unicode(const struct python *python, pid_t pid, uint64_t object, char *text,
		       size_t size)
{
	uint64_t data, length;
	unsigned int width;
	unsigned char *raw;
	size_t used = 0;
	int error = check_str(python, pid, object);

	text[0] = '\0';
	if (error == 0)
		error = find_characters(python, pid, object, &data, &width);
	if (error == 0)
		error = read_pointer(pid, object + python->at.unicode_length, &length);
	if (error != 0)
		return error;
	if (length > size)
		length = size;
	raw = alloc_zero((size_t)length * width + 4);
	error = memory_read(pid, data, raw, (size_t)length * width);
	for (size_t n = 0; error == 0 && n < length; n++) {
		uint32_t character = 0;

		memcpy(&character, raw + n * width, width);
		if (!put_character(character, text, size, &used))
			break;
	}
	free(raw);
	text[used] = '\0';
	return error == 0 ? (ssize_t)used : error;
}

int read_text(const struct python *python, pid_t pid, uint64_t object, char **text)
{
	uint64_t length;
	ssize_t size;
	int error = read_pointer(pid, object + python->at.unicode_length, &length);

	*text = NULL;
	if (error != 0)
		return error;
	if (length > TEXT_MAX)
		length = TEXT_MAX;
	*text = alloc_zero((size_t)length * UTF8_MAX + 1);
	size = python_unicode(python, pid, object, *text, (size_t)length * UTF8_MAX + 1);
	if (size >= 0)
		return 0;
	free(*text);
	*text = NULL;
	return (int)size;
}

int python_refcount(const struct python *python, pid_t pid, uint64_t object, int64_t *count,
		    bool *is_immortal)
{
	int64_t word;
	int error = memory_read(pid, object + python->at.object_refcount, &word, sizeof(word));

	if (error != 0)
		return error;
	/* PEP 683: from 3.12 on the sign of the lower half marks an immortal object; from 3.14 on
	 * the upper half holds flags. */
	*is_immortal = python->version->minor >= 12 && (int32_t)word < 0;
	if (*is_immortal)
		*count = -1;
	else
		*count = python->version->minor >= 14 ? (int64_t)(uint32_t)word : word;
	return 0;
}

uint64_t python_refcount_at(const struct python *python, uint64_t object)
{
	return object + python->at.object_refcount;
}
