/* SPDX-License-Identifier: MIT */
/* See invariant.h. */
#include "harness/model/invariant.h"

#include "harness/engine/probe.h"
#include "harness/kernel/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SIGNED_FLAG 16 /* include/sigsweep.h: added to the relation */

const char *relation_text(enum relation relation)
{
	static const char *const texts[] = {
#define X(name, text) text,
		RELATION_LIST(X)
#undef X
	};

	return texts[relation];
}

static bool is_width(uint64_t width)
{
	return width == 1 || width == 2 || width == 4 || width == 8;
}

/* The address, width, relation, then the value or the other object's address and width, the name.
 */
static int read_numbers(struct invariant *invariant, const char *arguments, pid_t tid,
			const struct registers *registers, uint64_t *name)
{
	uint64_t numbers[6];
	const unsigned int count = invariant->is_pair ? 6 : 5;
	int error = 0;

	for (unsigned int n = 0; !error && n < count; n++)
		error = probe_argument(arguments, n, tid, registers, &numbers[n]);
	if (error)
		return error;
	if (!is_width(numbers[1]) || (numbers[2] & ~(uint64_t)SIGNED_FLAG) >= RELATION_COUNT ||
	    (invariant->is_pair && !is_width(numbers[4])))
		return -EINVAL;
	invariant->address = numbers[0];
	invariant->width = (unsigned int)numbers[1];
	invariant->relation = (enum relation)(numbers[2] & ~(uint64_t)SIGNED_FLAG);
	invariant->is_signed = numbers[2] & SIGNED_FLAG;
	if (invariant->is_pair) {
		invariant->other = numbers[3];
		invariant->other_width = (unsigned int)numbers[4];
	} else {
		invariant->value = (int64_t)numbers[3];
	}
	*name = numbers[count - 1];
	return 0;
}

int invariant_read(struct invariant *invariant, bool is_pair, const char *arguments, pid_t tid,
		   const struct registers *registers)
{
	uint64_t name;
	int error;

	memset(invariant, 0, sizeof(*invariant));
	invariant->is_pair = is_pair;
	error = read_numbers(invariant, arguments, tid, registers, &name);
	if (error)
		return error;
	if (memory_read_text(tid, name, invariant->name, sizeof(invariant->name)) <= 0)
		snprintf(invariant->name, sizeof(invariant->name), "an invariant without a name");
	/* What lay behind the text is none of it. */
	memset(invariant->name + strlen(invariant->name), 0,
	       sizeof(invariant->name) - strlen(invariant->name));
	return 0;
}

static int read_side(pid_t pid, uint64_t address, unsigned int width, bool is_signed, int64_t *side)
{
	const unsigned int unused = 64 - 8 * width;
	uint64_t bytes = 0;
	int error = memory_read(pid, address, &bytes, width);

	*side = is_signed ? (int64_t)(bytes << unused) >> unused : (int64_t)bytes;
	return error;
}

static bool is_unsigned(const struct invariant *invariant)
{
	return !invariant->is_signed && (invariant->width == 8 || invariant->other_width == 8);
}

bool invariant_holds(const struct invariant *invariant, int64_t got, int64_t expected)
{
	const bool is_less =
		is_unsigned(invariant) ? (uint64_t)got < (uint64_t)expected : got < expected;
	const bool is_equal = got == expected;

	switch (invariant->relation) {
	case RELATION_EQUAL:
		return is_equal;
	case RELATION_NOT_EQUAL:
		return !is_equal;
	case RELATION_LESS:
		return is_less;
	case RELATION_LESS_EQUAL:
		return is_less || is_equal;
	case RELATION_GREATER:
		return !is_less && !is_equal;
	case RELATION_GREATER_EQUAL:
		return !is_less;
	case RELATION_COUNT:
		break;
	}
	return false;
}

int invariant_look(const struct invariant *invariant, pid_t pid, struct invariant_look *look)
{
	int error = read_side(pid, invariant->address, invariant->width, invariant->is_signed,
			      &look->got);

	look->expected = invariant->value;
	if (!error && invariant->is_pair)
		error = read_side(pid, invariant->other, invariant->other_width,
				  invariant->is_signed, &look->expected);
	look->holds = !error && invariant_holds(invariant, look->got, look->expected);
	return error;
}

const char *invariant_number(const struct invariant *invariant, int64_t side,
			     char text[INVARIANT_NUMBER])
{
	if (is_unsigned(invariant))
		snprintf(text, INVARIANT_NUMBER, "%" PRIu64, (uint64_t)side);
	else
		snprintf(text, INVARIANT_NUMBER, "%" PRId64, side);
	return text;
}
