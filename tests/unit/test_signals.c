/* SPDX-License-Identifier: MIT */
/* Signals by name and number: every way to write one, every number there and back. */
#include "harness/base/signals.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_every_way_to_write_one(void **state)
{
	const struct {
		const char *text;
		int signal;
	} cases[] = {
		{"INT", SIGINT},
		{"SIGINT", SIGINT},
		{"int", SIGINT},
		{"SigInt", SIGINT},
		{"2", SIGINT},
		{"64", 64},
		{"IO", SIGIO},
		{"POLL", SIGIO},
		{"SIGCLD", SIGCHLD},
		{"IOT", SIGABRT},
		{"RTMIN", SIGRTMIN},
		{"rtmin+0", SIGRTMIN},
		{"RTMIN+3", SIGRTMIN + 3},
		{"SIGRTMAX", SIGRTMAX},
		{"RTMAX-30", SIGRTMIN},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		int signal = 0;

		assert_int_equal(signal_from_name(cases[n].text, &signal), 0);
		assert_int_equal(signal, cases[n].signal);
	}
}

static void test_a_mistake_is_named(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
		{"", "\"\" is no signal"},
		{"0", "from 1 to 64"},
		{"65", "from 1 to 64"},
		{"-2", "\"-2\" is no signal"},
		{"2x", "\"2x\" is no signal"},
		{"SIG", "\"SIG\" is no signal"},
		{"INTR", "did you mean INT?"},
		{"SIGTREM", "did you mean TERM?"},
		{"RTMIN+31", "\"RTMIN+31\" is no signal"},
		{"RTMIN-1", "RTMIN+N"},
		{"RTMAX+1", "RTMAX-N"},
		{"RTMIN+", "is no signal"},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		int signal = -7;

		assert_int_equal(signal_from_name(cases[n].text, &signal), -EINVAL);
		assert_int_equal(signal, -7);
		assert_non_null(strstr(fail_text(), cases[n].says));
	}
}

static void test_there_and_back(void **state)
{
	char buffer[SIGNAL_NAME_SIZE];

	(void)state;
	for (int number = 1; number <= SIGRTMAX; number++) {
		int signal = 0;

		if (number > 31 && number < SIGRTMIN)
			continue;
		assert_int_equal(signal_from_name(signal_name(number, buffer), &signal), 0);
		assert_int_equal(signal, number);
	}
	assert_string_equal(signal_name(SIGINT, buffer), "SIGINT");
	assert_string_equal(signal_name(SIGRTMIN, buffer), "SIGRTMIN");
	assert_string_equal(signal_name(SIGRTMIN + 3, buffer), "SIGRTMIN+3");
	assert_string_equal(signal_name(32, buffer), "SIG32");
	assert_string_equal(signal_name(-1, buffer), "SIG-1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_way_to_write_one),
		cmocka_unit_test(test_a_mistake_is_named),
		cmocka_unit_test(test_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
