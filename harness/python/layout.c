/* SPDX-License-Identifier: MIT */
/* The list of known versions. A new one: scripts/python-offsets VERSION, and a line here. */
#include "harness/python/private.h"

#define KNOWN_VERSIONS(X) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

#define X(minor) extern const struct python_version python_3_##minor;
KNOWN_VERSIONS(X)
#undef X

#define X(minor) &python_3_##minor,
const struct python_version *const python_versions[] = {KNOWN_VERSIONS(X) NULL};
#undef X

const struct python_version *layout_find(unsigned int minor)
{
	for (size_t n = 0; python_versions[n] != NULL; n++) {
		if (python_versions[n]->minor == minor)
			return python_versions[n];
	}
	return NULL;
}
