/* SPDX-License-Identifier: MIT */
/* How single facts are added to an aggregate, from text or from JSON alike. Internal to reports/.
 */
#ifndef SIGSWEEP_REPORTS_COUNTING_H
#define SIGSWEEP_REPORTS_COUNTING_H

#include "reports/aggregate.h"
#include "reports/trial_line.h"

#define INDEX_MAX (INT64_C(1) << 60) /* beyond it: surely no boundary */

void counting_name(struct tally *tally, struct slice name);

/* Counts a trial; false when its boundary was counted before, or the signal never came. */
bool counting_trial(struct aggregate *aggregate, uint64_t index, struct slice delivery,
		    struct slice outcome);

/* Finds the key violated at a boundary; as often as one likes. `benign`: why that is declared
 * harmless; empty: it is not. */
void counting_finding(struct aggregate *aggregate, uint64_t index, struct slice key,
		      struct slice benign);

/* What is counted of a key, where it is declared harmless and where it is not. */
struct tally_entry *counting_entry(struct aggregate *aggregate, struct slice key,
				   struct slice benign);

/* Counts a boundary as skipped; false when it was before, for whatever reason. */
bool counting_skip(struct aggregate *aggregate, uint64_t index, struct slice reason);

#endif
