/* SPDX-License-Identifier: MIT */
/*
 * The story of one trial for people: where it was interrupted, what the handler did, how it ended.
 * For the text view and for whoever tells of a single trial.
 */
#ifndef SIGSWEEP_REPORTS_EXAMPLE_H
#define SIGSWEEP_REPORTS_EXAMPLE_H

#include "reports/layout.h"

#include <jansson.h>
#include <stdbool.h>

/*
 * Prints the `example` of a finding (reports/schema/report.json). `full` adds what only a reader of
 * this one trial wants: registers, and stacks to their last frame.
 */
void example_print(struct layout *layout, const json_t *example, bool full);

/* "work at script.py:12: lock.acquire()", of the member `python`; the caller frees. */
char *example_python(const json_t *python);

/* "file.c:12", or "module+0x1136" where no line is known; the caller frees. */
char *example_place(const json_t *where);

#endif
