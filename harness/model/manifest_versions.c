/* SPDX-License-Identifier: MIT */
/* See manifest_versions.h. */
#include "harness/model/manifest_versions.h"

#include "harness/base/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"

static void add(struct manifest_versions *versions, const char *text, size_t size,
		const char *suffix)
{
	char *name = alloc_format("%.*s%s", (int)size, text, suffix);

	if (manifest_versions_have(versions, name)) {
		free(name);
		return;
	}
	alloc_grow((void **)&versions->names, versions->count, &versions->capacity,
		   sizeof(*versions->names));
	versions->names[versions->count++] = name;
}

/* The bytes of `text` that are MAJOR.MINOR, 0 where it does not begin so. */
static size_t number_size(const char *text)
{
	size_t major = strspn(text, DIGITS);
	size_t minor = text[major] == '.' ? strspn(text + major + 1, DIGITS) : 0;

	return major && minor ? major + 1 + minor : 0;
}

/* One version of the list, `size` bytes long. */
static int add_one(struct manifest_versions *versions, const char *text, size_t size)
{
	size_t number = number_size(text);
	char build = '\0';

	if (number && number + 1 == size)
		build = text[number];
	if (!number || number > size || (number < size && build != 'r' && build != 'd'))
		return fail(-EINVAL,
			    "versions of CPython are 3.9 (both builds), 3.9r (release) or 3.9d "
			    "(pydebug) with commas between them, not \"%.*s\"",
			    size > 60 ? 60 : (int)size, text);
	if (build != 'd')
		add(versions, text, number, "");
	if (build != 'r')
		add(versions, text, number, "d");
	return 0;
}

int manifest_versions_add(struct manifest_versions *versions, const char *text)
{
	for (;;) {
		size_t size = strcspn(text, ",");
		int error = add_one(versions, text, size);

		if (error || text[size] == '\0')
			return error;
		text += size + 1;
	}
}

bool manifest_versions_have(const struct manifest_versions *versions, const char *interpreter)
{
	for (size_t n = 0; interpreter && n < versions->count; n++)
		if (strcmp(versions->names[n], interpreter) == 0)
			return true;
	return false;
}

void manifest_versions_free(struct manifest_versions *versions)
{
	for (size_t n = 0; n < versions->count; n++)
		free(versions->names[n]);
	free(versions->names);
	memset(versions, 0, sizeof(*versions));
}
