/* SPDX-License-Identifier: MIT */
/* What SIGSWEEP_INVARIANT() and SIGSWEEP_INVARIANT_PAIR() announce (docs/annotations.md): a
 * relation between an object and a value or another object. Knows nothing of when it is due. */
#ifndef SIGSWEEP_MODEL_INVARIANT_H
#define SIGSWEEP_MODEL_INVARIANT_H

#include "harness/base/fail.h"
#include "harness/kernel/registers.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define INVARIANT_NAME 120
#define INVARIANT_NUMBER 24 /* a number as text */

/* In the order of the numbers in the note. */
#define RELATION_LIST(X)                                                                           \
	X(EQUAL, "equal to")                                                                       \
	X(NOT_EQUAL, "not equal to")                                                               \
	X(LESS, "less than")                                                                       \
	X(LESS_EQUAL, "less than or equal to")                                                     \
	X(GREATER, "greater than")                                                                 \
	X(GREATER_EQUAL, "greater than or equal to")

enum relation {
#define X(name, text) RELATION_##name,
	RELATION_LIST(X)
#undef X
		RELATION_COUNT
};

struct invariant {
	uint64_t site; /* of the probe */
	uint64_t address;
	unsigned int width;
	enum relation relation;
	bool is_signed;
	bool is_pair;
	uint64_t other; /* of a pair: the second object, which is taken to be signed as the first */
	unsigned int other_width;
	int64_t value; /* else: what the object is compared with */
	char name[INVARIANT_NAME];
};

/* Both sides as they are in memory, and whether the relation holds. */
struct invariant_look {
	int64_t got;
	int64_t expected;
	bool holds;
};

const char *relation_text(enum relation relation);

/* Reads the probe's arguments where `tid` stands; `site` is left to the caller. -EINVAL where they
 * are not as sigsweep.h makes them, or the error of reading them. */
int invariant_read(struct invariant *invariant, bool is_pair, const char *arguments, pid_t tid,
		   const struct registers *registers) MUST_CHECK;

/* How is it in this process now? -EFAULT and the like: its memory is gone. */
int invariant_look(const struct invariant *invariant, pid_t pid,
		   struct invariant_look *look) MUST_CHECK;

/* Numbers are compared as they are, without C's conversions: only where the object is unsigned and
 * of eight bytes is the other side taken to be unsigned too. */
bool invariant_holds(const struct invariant *invariant, int64_t got, int64_t expected);

/* One of its two sides as a decimal number. */
const char *invariant_number(const struct invariant *invariant, int64_t side,
			     char text[INVARIANT_NUMBER]);

#endif
