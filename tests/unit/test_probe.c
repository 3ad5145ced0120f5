/* SPDX-License-Identifier: MIT */
/* Arguments of SDT probes, as assemblers write them. */
#include "harness/engine/probe.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct registers registers = {
	.user = {.rax = 0xffffffff80000001, .rbx = 0x1122334455667788, .r8 = 0x99, .rsi = 0xfe}};

static uint64_t argument(const char *text, unsigned int n)
{
	uint64_t value = 0;

	assert_int_equal(probe_argument(text, n, getpid(), &registers, &value), 0);
	return value;
}

static void test_registers(void **state)
{
	(void)state;
	assert_int_equal(argument("8@%rbx", 0), 0x1122334455667788);
	assert_int_equal(argument("4@%ebx", 0), 0x55667788);
	assert_int_equal(argument("2@%bx", 0), 0x7788);
	assert_int_equal(argument("1@%bl", 0), 0x88);
	assert_int_equal(argument("-1@%bl", 0), (uint64_t)-0x78);
	assert_int_equal(argument("-4@%eax", 0), (uint64_t)INT32_MIN + 1);
	assert_int_equal(argument("4@%eax", 0), 0x80000001);
	assert_int_equal(argument("1@%sil", 0), 0xfe);
	assert_int_equal(argument("-4@%r8d", 0), 0x99);
}

static void test_constants_and_places(void **state)
{
	(void)state;
	assert_int_equal(argument("8@%rbx -4@$-5 4@$0x10", 1), (uint64_t)-5);
	assert_int_equal(argument("8@%rbx -4@$-5 4@$0x10", 2), 16);
}

static void test_memory(void **state)
{
	const uint32_t words[4] = {1, 2, 0xfffffffd, 4};
	const struct registers at = {.user = {.rbp = (uint64_t)(uintptr_t)&words[1], .rcx = 1}};
	uint64_t value;

	(void)state;
	assert_int_equal(probe_argument("4@-4(%rbp)", 0, getpid(), &at, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(probe_argument("-4@(%rbp,%rcx,4)", 0, getpid(), &at, &value), 0);
	assert_int_equal(value, (uint64_t)-3);
	assert_int_equal(probe_argument("4@4(%rbp,%rcx,4)", 0, getpid(), &at, &value), 0);
	assert_int_equal(value, 4);
}

static void test_what_is_not_there(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(probe_argument("", 0, getpid(), &registers, &value), -ENOENT);
	assert_int_equal(probe_argument("8@%rax", 1, getpid(), &registers, &value), -ENOENT);
	assert_int_equal(probe_argument("8@global(%rip)", 0, getpid(), &registers, &value),
			 -ENOTSUP);
	assert_int_equal(probe_argument("8@%xmm0", 0, getpid(), &registers, &value), -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_constants_and_places),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
