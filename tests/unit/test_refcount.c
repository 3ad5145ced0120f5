/* SPDX-License-Identifier: MIT */
/* The pure part of the refcount oracle: the log of counters that begin, end and are touched. */
#include "harness/oracles/refcount/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HERE 0x1000
#define THERE 0x2000

static void begin(struct count_log *log, uint64_t address, const char *name)
{
	char copied[20];
	const struct life life = {.address = address, .width = 8, .name = copied};

	strcpy(copied, name);
	count_log_begin(log, &life);
}

static void end(struct count_log *log, uint64_t address, int64_t value)
{
	count_log_end(log, address, &value);
}

static const struct touch *touch(struct count_log *log, uint64_t address)
{
	const struct touch touch = {.address = address};

	count_log_touch(log, &touch);
	return &log->touches[log->touch_count - 1];
}

static void test_values_have_a_sign(void **state)
{
	const uint64_t all = UINT64_MAX;
	const uint64_t low = 0x8000007f;

	(void)state;
	assert_int_equal(count_value(&all, 1), -1);
	assert_int_equal(count_value(&all, 2), -1);
	assert_int_equal(count_value(&all, 4), -1);
	assert_int_equal(count_value(&all, 8), -1);
	assert_int_equal(count_value(&low, 1), 127);
	assert_int_equal(count_value(&low, 4), (int32_t)0x8000007f);
	assert_int_equal(count_value(&low, 8), 0x8000007f);
}

static void test_a_life(void **state)
{
	struct count_log log = {0};

	(void)state;
	begin(&log, HERE, "first");
	assert_non_null(count_log_open(&log, HERE));
	assert_null(count_log_open(&log, THERE));
	/* Announced again while it is one: the same. */
	begin(&log, HERE, "other");
	assert_int_equal(log.life_count, 1);
	end(&log, HERE, 3);
	assert_null(count_log_open(&log, HERE));
	assert_true(log.lives[0].has_ended);
	assert_int_equal(log.lives[0].last, 3);
	/* What has ended does not end again. */
	end(&log, HERE, 4);
	assert_int_equal(log.life_count, 1);
	assert_int_equal(log.lives[0].last, 3);
	begin(&log, HERE, "second");
	assert_string_equal(count_log_open(&log, HERE)->name, "second");
	assert_string_equal(count_log_first(&log, HERE)->name, "first");
	count_log_free(&log);
}

static void test_what_was_there_before(void **state)
{
	struct count_log log = {0};

	(void)state;
	assert_true(count_log_was_there(&log, HERE, true));
	assert_false(count_log_was_there(&log, HERE, false));
	end(&log, HERE, 0);
	begin(&log, HERE, "again");
	begin(&log, THERE, "new");
	assert_true(count_log_was_there(&log, HERE, false));
	assert_false(count_log_was_there(&log, THERE, true));
	count_log_free(&log);
}

static void test_touches_of_the_living(void **state)
{
	struct count_log log = {0};

	(void)state;
	begin(&log, THERE, "another");
	assert_true(count_log_is_live(&log, touch(&log, HERE), true));
	assert_false(count_log_is_live(&log, touch(&log, HERE), false));
	touch(&log, HERE);
	end(&log, HERE, 0);
	assert_true(count_log_is_live(&log, &log.touches[2], false));
	assert_false(count_log_is_live(&log, touch(&log, HERE), true));
	begin(&log, HERE, "again");
	assert_true(count_log_is_live(&log, touch(&log, HERE), false));
	count_log_free(&log);
}

static void test_an_end_without_value(void **state)
{
	struct count_log log = {0};

	(void)state;
	begin(&log, HERE, "first");
	count_log_end(&log, HERE, NULL);
	assert_true(log.lives[0].has_ended);
	assert_false(log.lives[0].is_known);
	count_log_free(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_have_a_sign),
		cmocka_unit_test(test_a_life),
		cmocka_unit_test(test_what_was_there_before),
		cmocka_unit_test(test_touches_of_the_living),
		cmocka_unit_test(test_an_end_without_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
