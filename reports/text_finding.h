/* SPDX-License-Identifier: MIT */
/* Findings in the text view. */
#ifndef SIGSWEEP_REPORTS_TEXT_FINDING_H
#define SIGSWEEP_REPORTS_TEXT_FINDING_H

#include "reports/layout.h"

#include <jansson.h>

/* Prints a finding of a report, an empty line before it. */
void text_print_finding(struct layout *layout, const json_t *finding);

/* One that the program declares harmless: in short, and with the reason. */
void text_print_benign(struct layout *layout, const json_t *finding);

#endif
