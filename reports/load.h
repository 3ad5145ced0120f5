/* SPDX-License-Identifier: MIT */
/* Reads a stored report back, and finds things in it. Knows nothing of how it was made. */
#ifndef SIGSWEEP_REPORTS_LOAD_H
#define SIGSWEEP_REPORTS_LOAD_H

#include "harness/base/fail.h"

#include <jansson.h>

/*
 * Reads the report at `path` into a new object. The sentence of a failure says where the file stops
 * making sense (FILE:LINE:COLUMN), whether it was cut off, is no report, or is one of another
 * version. The top level of what is given out has the members and types of the schema; what lies
 * below is not checked.
 */
int report_load(const char *path, json_t **report) MUST_CHECK;

/*
 * The finding with this id or with an id that begins like this (at least 4 digits, and no other one
 * does); *finding is the report's own. -ENOENT, or -EINVAL where several match; the sentence lists
 * the ids that there are.
 */
int report_find(const json_t *report, const char *id, const json_t **finding) MUST_CHECK;

#endif
