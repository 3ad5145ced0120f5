/* SPDX-License-Identifier: MIT */
/* The report's `boundaries`: what was covered, and every reason why it is not all. Internal to
 * reports/. */
#ifndef SIGSWEEP_REPORTS_COMPLETE_H
#define SIGSWEEP_REPORTS_COMPLETE_H

#include "reports/aggregate.h"

#include <jansson.h>

/* A new object; sorts the aggregate's tallies of reasons. */
json_t *complete_boundaries(struct aggregate *aggregate);

#endif
