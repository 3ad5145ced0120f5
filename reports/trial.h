/* SPDX-License-Identifier: MIT */
/*
 * A trial line, taken apart. Trials are by far the most lines of a record, so those in the form
 * that workers write are read without a JSON parser. Internal to reports/.
 */
#ifndef SIGSWEEP_REPORTS_TRIAL_H
#define SIGSWEEP_REPORTS_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRIAL_LIST_MAX 32

/* Points into the line that it was read from; not NUL-terminated. */
struct text {
	const char *start;
	size_t size;
};

struct text_list {
	struct text items[TRIAL_LIST_MAX];
	size_t count;
};

struct trial_line {
	uint64_t index;
	struct text delivery;
	struct text outcome;
	struct text_list findings; /* keys */
	struct text_list unknown;  /* "ORACLE: reason" */
};

/*
 * Reads `{"type":"trial","index":N,"pc":...}` with its members in the order of docs/record.md, no
 * spaces, no escapes and nothing but ASCII. False for every other line, which may be a sound one
 * all the same: it is for a JSON parser then.
 */
bool trial_parse(const char *line, size_t size, struct trial_line *trial);

bool text_is(struct text text, const char *other);

#endif
