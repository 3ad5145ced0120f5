/* SPDX-License-Identifier: MIT */
/*
 * Lines of a manifest that hold for some versions of CPython only: `KEY@3.9,3.11d: VALUE`. `3.9` is
 * the release and the pydebug build of 3.9, `3.9r` the release build, `3.9d` the pydebug build. An
 * interpreter is named `3.9` or `3.9d`. Knows nothing of keys and files.
 */
#ifndef SIGSWEEP_MODEL_MANIFEST_VERSIONS_H
#define SIGSWEEP_MODEL_MANIFEST_VERSIONS_H

#include "harness/base/fail.h"

#include <stdbool.h>
#include <stddef.h>

/* Interpreters, none twice. */
struct manifest_versions {
	char **names;
	size_t count;
	size_t capacity;
};

/* Adds the interpreters that the text behind the `@` names; -EINVAL where it names none. */
int manifest_versions_add(struct manifest_versions *versions, const char *text) MUST_CHECK;

bool manifest_versions_have(const struct manifest_versions *versions, const char *interpreter);

void manifest_versions_free(struct manifest_versions *versions);

#endif
