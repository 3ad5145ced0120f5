/* SPDX-License-Identifier: MIT */
/*
 * What a program has announced with sigsweep.h (docs/annotations.md) by the place where a walker
 * stands: which regions it says are harmless it is in, which invariants are in force. Kept by the
 * walker's marks, so that it is exact however the walker runs, and costs nothing where there are no
 * such probes. Locks and counters are the business of their oracles.
 */
#ifndef SIGSWEEP_MODEL_ANNOUNCED_H
#define SIGSWEEP_MODEL_ANNOUNCED_H

#include "harness/base/fail.h"
#include "harness/engine/walker.h"
#include "harness/model/invariant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANNOUNCED_DEPTH 32       /* regions one in another whose reasons are told apart */
#define ANNOUNCED_REASON 200     /* bytes of a reason */
#define ANNOUNCED_INVARIANTS 512 /* in force at once */

enum announcement {
	ANNOUNCE_BENIGN_BEGIN,
	ANNOUNCE_BENIGN_END,
	ANNOUNCE_INVARIANT,
	ANNOUNCE_INVARIANT_PAIR,
	ANNOUNCE_INVARIANT_END,
};

struct announced_site {
	enum announcement what;
	char *arguments; /* of the probe, owned */
};

struct announced {
	struct announced_site *sites;
	uint64_t *places; /* of the sites, in the same order: the marks */
	size_t site_count;
	bool has_invariants; /* there are sites that announce some */

	char *reasons[ANNOUNCED_DEPTH];
	size_t depth;

	struct invariant *invariants; /* in force, in the order in which they were announced */
	size_t invariant_count;
	size_t invariant_capacity;
	bool is_cut; /* there were more, or some that could not be read */

	struct walker_marks marks;
};

/* From here on what the walker passes is followed. `announced` is all zeros or a copy, and stays
 * where it is as long as the walker has it. */
void announced_follow(struct announced *announced, struct walker *walker);

/* The same for a copy of the walker: all that was announced by now is announced in it too. */
void announced_copy(struct announced *copy, const struct announced *announced);

void announced_free(struct announced *announced);

/* Why interruptions are harmless here: the reason of the innermost region; NULL: in none. */
const char *announced_reason(const struct announced *announced);

#endif
