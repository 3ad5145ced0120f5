/* SPDX-License-Identifier: MIT */
/* A report held against the verdict that its manifest declares. */
#ifndef SIGSWEEP_COMMAND_CHECK_COMPARE_H
#define SIGSWEEP_COMMAND_CHECK_COMPARE_H

#include "harness/model/manifest.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* Each line says one thing that is not as declared, with FILE:LINE. */
struct difference {
	char **lines;
	size_t count;
	size_t capacity;
};

void compare_report(const struct manifest *manifest, const json_t *report,
		    struct difference *difference);
void difference_print(const struct difference *difference, FILE *out);
void difference_free(struct difference *difference);

#endif
