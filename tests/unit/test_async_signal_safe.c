/* SPDX-License-Identifier: MIT */
/*
 * The list of async-signal-safe functions: its order, without which names are not found, its
 * standings, and which of the C library's names are the same function. Needs no process.
 */
#include "harness/oracles/unsafe_call/async_signal_safe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *name;
	enum safety safety;
} rows[] = {
#define X(name, edition, standing) {#name, SAFETY_##standing},
	ASYNC_SIGNAL_SAFE(X)
#undef X
};

static void test_every_row_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(i == 0 || strcmp(rows[i - 1].name, rows[i].name) < 0);
		assert_int_equal(async_signal_safety(rows[i].name), rows[i].safety);
	}
}

static void test_what_is_not_in_it_is_unsafe(void **state)
{
	static const char *const names[] = {"malloc", "free", "printf", "exit", "", "zzz"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(async_signal_safety(names[i]), SAFETY_UNSAFE);
	assert_int_equal(async_signal_safety("fork"), SAFETY_DROPPED);
}

static void test_names_of_the_library(void **state)
{
	static const char *const names[][2] = {
		{"write", "write"},
		{"__write", "write"},
		{"__GI_write", "write"},
		{"__GI___libc_write", "write"},
		{"__libc_malloc", "malloc"},
		{"_exit", "_exit"},
		{"_Fork", "_Fork"},
		{"exit", "exit"},
		{"open64", "open"},
		{"__open64_2", "open"},
		{"__open_nocancel", "open"},
		{"be64toh", "be64toh"},
		{"__printf_chk", "printf"},
		{"__longjmp_chk", "longjmp"},
		{"_IO_puts", "puts"},
		{"__isoc99_sscanf", "sscanf"},
		{"__memmove_avx_unaligned_erms", "memmove"},
		{"__strlen_evex", "strlen"},
		{"__errno_location", "errno_location"},
		{"__overflow", "putc"},
		{"operator new(unsigned long)", "operator new"},
		{"std::vector<int, std::allocator<int> >::push_back(int&&)",
		 "std::vector<>::push_back"},
		{"std::ostream::operator<<(int)", "std::ostream::operator<<"},
		{"f(int)::{lambda()#1}::operator()() const", "f"},
		{"S::operator()(int)", "S::operator()"},
	};
	char plain[64];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		async_signal_plain_name(names[i][0], plain, sizeof(plain));
		assert_string_equal(plain, names[i][1]);
	}
}

static void test_short_room(void **state)
{
	char plain[8];

	(void)state;
	async_signal_plain_name("std::vector<int>::operator<<(int)", plain, sizeof(plain));
	assert_string_equal(plain, "std::ve");
	async_signal_plain_name("operator<<(A, B)", plain, sizeof(plain));
	assert_string_equal(plain, "operato");
	async_signal_plain_name("pthread_mutex_lock", plain, sizeof(plain));
	assert_string_equal(plain, "pthread");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_is_found),
		cmocka_unit_test(test_what_is_not_in_it_is_unsafe),
		cmocka_unit_test(test_names_of_the_library),
		cmocka_unit_test(test_short_room),
	};

	return cmocka_run_group_tests_name("async_signal_safe", tests, NULL, NULL);
}
