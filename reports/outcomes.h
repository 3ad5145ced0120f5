/* SPDX-License-Identifier: MIT */
/* The names of outcomes, of deliveries and of what became of signals, in the order in which people
 * are shown them. Internal to reports/. */
#ifndef SIGSWEEP_REPORTS_OUTCOMES_H
#define SIGSWEEP_REPORTS_OUTCOMES_H

#include "reports/tally.h"

int outcomes_compare(const struct tally_entry *left, const struct tally_entry *right);
int went_compare(const struct tally_entry *left, const struct tally_entry *right);
int deliveries_compare(const struct tally_entry *left, const struct tally_entry *right);

/* One line on what an outcome means ("exit:3": the part before the colon counts), "" if unknown. */
const char *outcomes_meaning(const char *name);
const char *deliveries_meaning(const char *name);
const char *went_meaning(const char *name);

#endif
