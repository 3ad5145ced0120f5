/* SPDX-License-Identifier: MIT */
/*
 * A view shows a stored report in one format. One const struct in one file, one row in views.c.
 * Views know nothing of tracing, and nothing of where the report came from.
 */
#ifndef SIGSWEEP_REPORTS_VIEW_H
#define SIGSWEEP_REPORTS_VIEW_H

#include "harness/base/fail.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct view_settings {
	bool colour;
	unsigned int width; /* columns that text is wrapped at */
};

struct view {
	const char *name;
	const char *help; /* one sentence */
	/*
	 * Writes the whole view of a report as report_load() or report_build() gives it. Members
	 * that are missing or of another type are shown as unknown, never trusted. Errors of `out`
	 * are view_show()'s business.
	 */
	void (*render)(const json_t *report, FILE *out, const struct view_settings *settings);
};

extern const struct view *const view_table[]; /* NULL-terminated; the first is the default */

/* The view of this name; -EINVAL with a sentence that lists the names there are. */
int view_find(const char *name, const struct view **view) MUST_CHECK;

/* Renders and flushes; -errno with a sentence when `out` could not be written (-EPIPE: its reader
 * has gone). */
int view_show(const struct view *view, const json_t *report, FILE *out,
	      const struct view_settings *settings) MUST_CHECK;

/* As suits `out`: colours on a terminal that knows them, unless NO_COLOR is set; the terminal's
 * width within reason, else 80. */
struct view_settings view_settings_for(FILE *out);

#endif
