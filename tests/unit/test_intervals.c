/* SPDX-License-Identifier: MIT */
/* Sets of indices: against a plain array of bits, in every order that jobs can bring about. */
#include "reports/intervals.h"

#include "harness/base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MODEL_SIZE 20000

/* The same numbers in each run (Knuth's MMIX generator). */
static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

static void compare_ranges(const struct intervals *set, const bool *model)
{
	struct range range = {0};
	uint64_t at = 0;

	for (uint64_t from = 0; intervals_next(set, from, &range); from = range.last + 1) {
		for (; at < range.first; at++)
			assert_false(model[at]);
		for (; at <= range.last; at++)
			assert_true(model[at]);
	}
	for (; at < MODEL_SIZE; at++)
		assert_false(model[at]);
}

static void compare_gaps(const struct intervals *set, const bool *model)
{
	struct range gap = {0};
	uint64_t at = 0;

	for (uint64_t from = 0; intervals_next_gap(set, from, MODEL_SIZE - 1, &gap);
	     from = gap.last + 1) {
		for (; at < gap.first; at++)
			assert_true(model[at]);
		for (; at <= gap.last; at++)
			assert_false(model[at]);
	}
	for (; at < MODEL_SIZE; at++)
		assert_true(model[at]);
}

static void compare(const struct intervals *set, const bool *model)
{
	uint64_t count = 0;
	uint64_t first = 0;
	uint64_t last = 0;

	for (uint64_t index = 0; index < MODEL_SIZE; index++) {
		assert_int_equal(intervals_has(set, index), model[index]);
		if (!model[index])
			continue;
		if (count++ == 0)
			first = index;
		last = index;
	}
	assert_int_equal(set->count, count);
	assert_int_equal(intervals_first(set), first);
	assert_int_equal(intervals_last(set), last);
	compare_ranges(set, model);
	compare_gaps(set, model);
}

static void test_random_order(void **state)
{
	static bool model[MODEL_SIZE];
	uint64_t random = 7;

	(void)state;
	/* Denser and denser, up to (nearly) full. */
	for (unsigned int rounds = 1; rounds <= MODEL_SIZE * 8; rounds *= 20) {
		struct intervals set = {0};

		memset(model, 0, sizeof(model));
		for (unsigned int n = 0; n < rounds; n++) {
			uint64_t index = next_random(&random) % MODEL_SIZE;

			assert_int_equal(intervals_add(&set, index), !model[index]);
			model[index] = true;
		}
		compare(&set, model);
		intervals_clear(&set);
	}
}

static void test_jobs_out_of_step(void **state)
{
	static bool model[MODEL_SIZE];
	struct intervals set = {0};

	(void)state;
	memset(model, 0, sizeof(model));
	for (unsigned int job = 0; job < 3; job++) {
		for (uint64_t index = 1 + job; index < MODEL_SIZE; index += 3) {
			assert_true(intervals_add(&set, index));
			model[index] = true;
		}
		compare(&set, model);
	}
	intervals_clear(&set);
	assert_int_equal(set.count, 0);
	assert_null(set.blocks);
}

static void test_full_stretches_cost_nothing(void **state)
{
	struct intervals set = {0};
	struct range range = {0};
	const uint64_t last = UINT64_C(3) << 20;

	(void)state;
	for (uint64_t index = 2; index <= last; index += 2)
		intervals_add(&set, index);
	assert_true(set.block_count > 1000);
	for (uint64_t index = 1; index <= last; index += 2)
		intervals_add(&set, index);
	/* The first page lacks 0, the last one its end. */
	assert_true(set.block_count <= 3);
	assert_true(intervals_next(&set, 0, &range));
	assert_int_equal(range.first, 1);
	assert_int_equal(range.last, last);
	assert_false(intervals_next(&set, range.last + 1, &range));
	intervals_clear(&set);
}

static void test_stretches_join_both_ways(void **state)
{
	struct intervals set = {0};

	(void)state;
	for (uint64_t index = 0; index < 100000; index++)
		assert_true(intervals_add(&set, index));
	assert_int_equal(set.block_count, 2);
	intervals_clear(&set);
	for (uint64_t index = 100000; index-- > 0;)
		assert_true(intervals_add(&set, index));
	assert_int_equal(set.block_count, 2);
	for (uint64_t index = 0; index < 100000; index++)
		assert_false(intervals_add(&set, index));
	assert_int_equal(set.count, 100000);
	intervals_clear(&set);
}

static void test_far_apart(void **state)
{
	const uint64_t indices[] = {0, 2047, 2048, UINT64_C(1) << 40, (UINT64_C(1) << 60) + 1};
	struct intervals set = {0};
	struct range range = {0};

	(void)state;
	for (size_t n = 5; n-- > 0;)
		assert_true(intervals_add(&set, indices[n]));
	for (size_t n = 0; n < 5; n++) {
		assert_true(intervals_has(&set, indices[n]));
		assert_int_equal(intervals_has(&set, indices[n] + 1), n == 1);
	}
	assert_true(intervals_next(&set, 1, &range));
	assert_int_equal(range.first, 2047);
	assert_int_equal(range.last, 2048);
	assert_int_equal(intervals_last(&set), indices[4]);
	intervals_clear(&set);
}

static void test_count_outside(void **state)
{
	struct intervals set = {0};
	struct intervals other = {0};
	uint64_t expected = 0;

	(void)state;
	for (uint64_t index = 0; index < MODEL_SIZE; index++) {
		if (index % 3 == 0 || (index > 5000 && index < 9000))
			intervals_add(&set, index);
		if (index % 5 == 0 || index > 15000)
			intervals_add(&other, index);
		expected += intervals_has(&set, index) && !intervals_has(&other, index);
	}
	assert_int_equal(intervals_count_outside(&set, &other), expected);
	assert_int_equal(intervals_count_outside(&set, &set), 0);
	intervals_clear(&other);
	assert_int_equal(intervals_count_outside(&set, &other), set.count);
	assert_int_equal(intervals_count_outside(&other, &set), 0);
	intervals_clear(&set);
}

static void test_empty(void **state)
{
	struct intervals set = {0};
	struct range range = {0};

	(void)state;
	assert_false(intervals_has(&set, 0));
	assert_false(intervals_next(&set, 0, &range));
	assert_true(intervals_next_gap(&set, 3, 9, &range));
	assert_int_equal(range.first, 3);
	assert_int_equal(range.last, 9);
	assert_int_equal(intervals_first(&set), 0);
	assert_int_equal(intervals_last(&set), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_random_order),
		cmocka_unit_test(test_jobs_out_of_step),
		cmocka_unit_test(test_full_stretches_cost_nothing),
		cmocka_unit_test(test_stretches_join_both_ways),
		cmocka_unit_test(test_far_apart),
		cmocka_unit_test(test_count_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
