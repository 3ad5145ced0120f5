/* SPDX-License-Identifier: MIT */
/* Announced invariants: what a probe's arguments say, and when a relation holds. */
#include "harness/model/invariant.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int16_t object = -2;
static uint64_t other = 7;
static const char name[] = "a name";

/* What sigsweep.h makes gcc write, with constants in the place of registers. */
static int take(struct invariant *invariant, bool is_pair, const char *format, ...)
{
	static const struct registers none;
	char arguments[200];
	va_list values;

	va_start(values, format);
	vsnprintf(arguments, sizeof(arguments), format, values);
	va_end(values);
	return invariant_read(invariant, is_pair, arguments, getpid(), &none);
}

static void test_value(void **state)
{
	struct invariant invariant;
	struct invariant_look look;
	char text[INVARIANT_NUMBER];

	(void)state;
	assert_int_equal(take(&invariant, false, "8@$%" PRIuPTR " -4@$2 -4@$18 -8@$-1 8@$%" PRIuPTR,
			      (uintptr_t)&object, (uintptr_t)name),
			 0);
	assert_int_equal(invariant.address, (uintptr_t)&object);
	assert_int_equal(invariant.width, 2);
	assert_int_equal(invariant.relation, RELATION_LESS);
	assert_true(invariant.is_signed);
	assert_false(invariant.is_pair);
	assert_int_equal(invariant.value, -1);
	assert_string_equal(invariant.name, "a name");
	assert_int_equal(invariant_look(&invariant, getpid(), &look), 0);
	assert_true(look.holds);
	assert_int_equal(look.got, -2);
	assert_int_equal(look.expected, -1);
	assert_string_equal(invariant_number(&invariant, look.got, text), "-2");
}

static void test_pair(void **state)
{
	struct invariant invariant;
	struct invariant_look look;

	(void)state;
	assert_int_equal(take(&invariant, true,
			      "8@$%" PRIuPTR " -4@$2 -4@$5 8@$%" PRIuPTR " -4@$8 8@$%" PRIuPTR,
			      (uintptr_t)&object, (uintptr_t)&other, (uintptr_t)name),
			 0);
	assert_true(invariant.is_pair);
	assert_false(invariant.is_signed);
	assert_int_equal(invariant.relation, RELATION_GREATER_EQUAL);
	assert_int_equal(invariant.other_width, 8);
	assert_int_equal(invariant_look(&invariant, getpid(), &look), 0);
	assert_true(look.holds); /* unsigned: 65534 */
	assert_int_equal(look.got, 65534);
	assert_int_equal(look.expected, 7);
	other = UINT64_MAX; /* read anew */
	assert_int_equal(invariant_look(&invariant, getpid(), &look), 0);
	assert_false(look.holds);
	other = 7;
}

static void test_what_is_none(void **state)
{
	struct invariant invariant;
	struct invariant_look look;

	(void)state;
	assert_int_equal(take(&invariant, false, "8@$16 -4@$3 -4@$0 -8@$0 8@$0"), -EINVAL);
	assert_int_equal(take(&invariant, false, "8@$16 -4@$4 -4@$6 -8@$0 8@$0"), -EINVAL);
	assert_int_equal(take(&invariant, false, "8@$16 -4@$4 -4@$32 -8@$0 8@$0"), -EINVAL);
	assert_int_equal(take(&invariant, true, "8@$16 -4@$4 -4@$0 8@$0 -4@$16 8@$0"), -EINVAL);
	assert_int_equal(take(&invariant, false, "8@$16 -4@$4 -4@$0"), -ENOENT);
	/* A name that cannot be read is no reason to forget the rest. */
	assert_int_equal(take(&invariant, false, "8@$16 -4@$4 -4@$0 -8@$0 8@$0"), 0);
	assert_string_equal(invariant.name, "an invariant without a name");
	assert_true(invariant_look(&invariant, getpid(), &look) < 0);
	assert_false(look.holds);
}

static bool holds(enum relation relation, unsigned int width, bool is_signed, int64_t got,
		  int64_t expected)
{
	const struct invariant invariant = {
		.width = width, .relation = relation, .is_signed = is_signed};

	return invariant_holds(&invariant, got, expected);
}

static void test_relations(void **state)
{
	(void)state;
	for (int64_t got = -1; got <= 1; got++) {
		assert_int_equal(holds(RELATION_EQUAL, 4, true, got, 0), got == 0);
		assert_int_equal(holds(RELATION_NOT_EQUAL, 4, true, got, 0), got != 0);
		assert_int_equal(holds(RELATION_LESS, 4, true, got, 0), got < 0);
		assert_int_equal(holds(RELATION_LESS_EQUAL, 4, true, got, 0), got <= 0);
		assert_int_equal(holds(RELATION_GREATER, 4, true, got, 0), got > 0);
		assert_int_equal(holds(RELATION_GREATER_EQUAL, 4, true, got, 0), got >= 0);
	}
}

static void test_signs(void **state)
{
	const struct invariant large = {.width = 8};
	char text[INVARIANT_NUMBER];

	(void)state;
	/* Eight bytes without a sign; in fewer all numbers have their place among the signed. */
	assert_true(holds(RELATION_GREATER, 8, false, -1, 5));
	assert_false(holds(RELATION_GREATER, 8, true, -1, 5));
	assert_true(holds(RELATION_GREATER, 4, false, 0, -1));
	assert_false(holds(RELATION_EQUAL, 4, false, UINT32_MAX, -1));
	assert_string_equal(invariant_number(&large, -1, text), "18446744073709551615");
	assert_string_equal(relation_text(RELATION_GREATER_EQUAL), "greater than or equal to");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value),        cmocka_unit_test(test_pair),
		cmocka_unit_test(test_what_is_none), cmocka_unit_test(test_relations),
		cmocka_unit_test(test_signs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
