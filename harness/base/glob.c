/* SPDX-License-Identifier: MIT */
/* See glob.h. */
#include "harness/base/glob.h"

#include <fnmatch.h>
#include <string.h>

bool glob_matches(const char *glob, const char *path)
{
	const bool has_slash = strchr(glob, '/') != NULL;

	if (has_slash && fnmatch(glob, path, 0) == 0)
		return true;
	if (*glob == '/')
		return false;
	if (!has_slash) {
		const char *slash = strrchr(path, '/');

		return fnmatch(glob, slash ? slash + 1 : path, 0) == 0;
	}
	for (const char *end = strchr(path, '/'); end; end = strchr(end + 1, '/'))
		if (fnmatch(glob, end + 1, 0) == 0)
			return true;
	return false;
}
