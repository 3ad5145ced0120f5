/* SPDX-License-Identifier: MIT */
/* Patterns for files, as the command line takes them (glob(7)). */
#ifndef SIGSWEEP_BASE_GLOB_H
#define SIGSWEEP_BASE_GLOB_H

#include <stdbool.h>

/* Does the file at `path` match? A glob without a slash is about its name, one that begins with a
 * slash about the whole path, another one about the path's last parts. `*` matches slashes, too. */
bool glob_matches(const char *glob, const char *path);

#endif
