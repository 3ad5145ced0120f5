/* SPDX-License-Identifier: MIT */
/*
 * Text for people: colours, wrapping, and nothing that could command a terminal, since arguments,
 * names and output of targets are printed. Knows nothing of reports.
 */
#ifndef SIGSWEEP_REPORTS_LAYOUT_H
#define SIGSWEEP_REPORTS_LAYOUT_H

#include "harness/base/fail.h"
#include "reports/view.h"

#include <stddef.h>
#include <stdio.h>

enum paint {
	PAINT_PLAIN,
	PAINT_BOLD,
	PAINT_FAINT,
	PAINT_RED,
	PAINT_YELLOW,
	PAINT_GREEN,
	PAINT_BLUE
};

struct layout {
	FILE *out;
	const struct view_settings *settings;
	unsigned int column; /* where the next character goes, from 0 */
};

/* A copy in which control characters, bytes that are no UTF-8, and characters that reorder text are
 * written as escapes (\n, \x1b, \u202e); the caller frees. */
char *layout_escape(const char *text, size_t size);

/* Prints the formatted text, escaped, without wrapping. */
void layout_print(struct layout *layout, enum paint paint, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* Prints words from the present column on; further lines begin at `indent`. Words too long for a
 * line stand alone on one. Ends the line. */
void layout_wrap(struct layout *layout, unsigned int indent, enum paint paint, const char *format,
		 ...) PRINTF_LIKE(4, 5);

/* Spaces up to a column. */
void layout_indent(struct layout *layout, unsigned int column);

void layout_end_line(struct layout *layout);

/* How many columns a text takes once it is printed. */
unsigned int layout_columns(const char *text);

#endif
