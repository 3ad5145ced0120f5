/* SPDX-License-Identifier: MIT */
/*
 * A trial line, taken apart. Trials are by far the most lines of a record, so those in the form
 * that workers write are read without a JSON parser. Internal to reports/.
 */
#ifndef SIGSWEEP_REPORTS_TRIAL_LINE_H
#define SIGSWEEP_REPORTS_TRIAL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRIAL_LIST_MAX 32

/* Points into the line that it was read from; not NUL-terminated. */
struct slice {
	const char *start;
	size_t size;
};

struct slice_list {
	struct slice items[TRIAL_LIST_MAX];
	size_t count;
};

struct trial_line {
	uint64_t index;
	struct slice delivery;
	struct slice outcome;
	struct slice benign;        /* why its boundary is declared harmless; empty: it is not */
	struct slice_list findings; /* keys */
	struct slice_list unknown;  /* "ORACLE: reason" */
	struct slice went;          /* its kind; empty: there is none */
};

/*
 * Reads `{"type":"trial","index":N,"pc":...}` with its members in the order of docs/record.md, no
 * spaces, no escapes and nothing but ASCII. False for every other line, which may be a sound one
 * all the same: it is for a JSON parser then.
 */
bool trial_line_parse(const char *line, size_t size, struct trial_line *trial);

bool slice_is(struct slice text, const char *other);

#endif
