/* SPDX-License-Identifier: MIT */
/* Where the lines of the record go: a pipe to the campaign, a record file, an aggregate, a view. */
#ifndef SIGSWEEP_MODEL_SINK_H
#define SIGSWEEP_MODEL_SINK_H

#include "harness/base/fail.h"

#include <stddef.h>

struct sink {
	/* Takes one line without its newline. 0 or -errno. */
	int (*line)(void *context, const char *line, size_t size);
	/* Hands on what was gathered. NULL: nothing is gathered. */
	int (*flush)(void *context);
	void *context;
};

#endif
