/* SPDX-License-Identifier: MIT */
/* Patterns for files: a name, the end of a path, a whole path. */
#include "harness/base/glob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_a_name(void **state)
{
	(void)state;
	assert_true(glob_matches("queue.py", "/usr/lib/python3.11/queue.py"));
	assert_true(glob_matches("queue.py", "queue.py"));
	assert_true(glob_matches("q*", "/usr/lib/queue.py"));
	assert_true(glob_matches("<frozen*", "<frozen importlib._bootstrap>"));
	assert_false(glob_matches("queue", "/usr/lib/queue.py"));
	assert_false(glob_matches("lib*", "/usr/lib/queue.py"));
}

static void test_the_end_of_a_path(void **state)
{
	(void)state;
	assert_true(glob_matches("json/decoder.py", "/usr/lib/python3.11/json/decoder.py"));
	assert_true(glob_matches("json/*.py", "json/decoder.py"));
	assert_true(glob_matches("*/json/*", "/usr/lib/python3.11/json/decoder.py"));
	assert_false(glob_matches("son/decoder.py", "/usr/lib/python3.11/json/decoder.py"));
	assert_false(glob_matches("json/decoder", "/usr/lib/python3.11/json/decoder.py"));
}

static void test_a_whole_path(void **state)
{
	(void)state;
	assert_true(glob_matches("/usr/*/queue.py", "/usr/lib/python3.11/queue.py"));
	assert_false(glob_matches("/lib/*", "/usr/lib/queue.py"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name),
		cmocka_unit_test(test_the_end_of_a_path),
		cmocka_unit_test(test_a_whole_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
