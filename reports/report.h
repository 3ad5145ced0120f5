/* SPDX-License-Identifier: MIT */
/*
 * The report (schema sigsweep/report/1, reports/schema/report.json), made from what a record adds
 * up to. Decides whether a sweep is complete. Knows nothing of ptrace nor of how a report is shown.
 */
#ifndef SIGSWEEP_REPORTS_REPORT_H
#define SIGSWEEP_REPORTS_REPORT_H

#include "harness/base/fail.h"
#include "reports/aggregate.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define REPORT_SCHEMA "sigsweep/report/1"
#define REPORT_ID_SIZE 13 /* 12 hex digits and the NUL */

/*
 * Makes the report: a new object in *report. The same record gives the same report whatever the
 * order of its lines, but for `timing`. `path` is where it will be stored, for the `replay`
 * commands (NULL or "-": unknown, they say REPORT). Sorts the aggregate's tallies, changes nothing
 * else. -EINVAL where the record has no `run` line.
 */
int report_build(struct aggregate *aggregate, const char *path, json_t **report) MUST_CHECK;

/*
 * Stores the report at `path` ("-": standard output): whole or not at all. What was there stays
 * until the new file is safely on the disk; after a failure nothing new is left behind. Devices,
 * pipes and FIFOs are written as they are; a symbolic link is followed.
 */
int report_write(const json_t *report, const char *path) MUST_CHECK;

/* Could report_write() store a file there, as far as can be known beforehand? For asking before a
 * long run. */
int report_check_path(const char *path) MUST_CHECK;

/* The stable name of a finding's key (docs/record.md): 12 hex digits. */
void report_finding_id(const char *key, char id[REPORT_ID_SIZE]);

/* `text` as one word of a shell's command line; the caller frees. */
char *report_shell_word(const char *text);

#endif
