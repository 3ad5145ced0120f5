/* SPDX-License-Identifier: MIT */
/* The report's `findings` and `benign`, with their members in the schema's order. Internal to
 * reports/. */
#ifndef SIGSWEEP_REPORTS_FINDING_H
#define SIGSWEEP_REPORTS_FINDING_H

#include "reports/aggregate.h"

#include <jansson.h>

/* A new array, the gravest first, then by first boundary, then by key. `report_word` is how the
 * replay commands name the report. Sorts the aggregate's findings. */
json_t *finding_list(struct aggregate *aggregate, const char *report_word);

/* The report's `benign`: the same of what does not count, each with its `reason`. */
json_t *finding_list_benign(struct aggregate *aggregate, const char *report_word);

#endif
