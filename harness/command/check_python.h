/* SPDX-License-Identifier: MIT */
/* The CPython that manifests with `program: python` are checked on. */
#ifndef SIGSWEEP_COMMAND_CHECK_PYTHON_H
#define SIGSWEEP_COMMAND_CHECK_PYTHON_H

#include "harness/base/fail.h"

/*
 * Runs `path` (a path or a name to find in PATH) to hear its version: new text, "3.11" or "3.11d"
 * for a pydebug build. -ENOENT where it cannot be run, -EINVAL where it says anything else.
 */
int check_python_version(const char *path, char **version) MUST_CHECK;

#endif
