/* SPDX-License-Identifier: MIT */
/* Breakpoints of the CPU: each kind stops where it should, names its slot, and nowhere else. */
#include "harness/kernel/ptrace.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static volatile uint64_t written;
static volatile uint32_t read_only = 7;
static volatile uint64_t beside;

__attribute__((noinline)) static void callee(void)
{
	beside++;
}

static void child(void)
{
	if (trace_me())
		_exit(2);
	raise(SIGSTOP);
	beside = 1;
	written = 5;
	beside = read_only;
	callee();
	_exit(0);
}

static pid_t start(void)
{
	struct stop stop;
	pid_t pid = fork();

	if (pid == 0)
		child();
	assert_true(pid > 0);
	assert_int_equal(trace_wait(pid, -1, &stop), 0);
	assert_int_equal(stop.kind, STOP_SIGNAL);
	return pid;
}

static uint64_t address_of(const volatile void *what)
{
	return (uint64_t)(uintptr_t)what;
}

/* Resumes to the next trap; the slots hit, 0 at the end. */
static unsigned int next_hit(pid_t pid)
{
	unsigned int slots;
	struct stop stop;

	assert_int_equal(trace_resume(pid, TRACE_CONTINUE, 0), 0);
	assert_int_equal(trace_wait(pid, -1, &stop), 0);
	if (stop.kind == STOP_EXITED) {
		assert_int_equal(stop.status, 0);
		return 0;
	}
	assert_int_equal(stop.kind, STOP_TRAP);
	assert_int_equal(trace_take_watch_hits(pid, &slots), 0);
	return slots;
}

static void test_kinds(void **state)
{
	struct registers registers;
	pid_t pid = start();
	int error = trace_set_watch(pid, 0, WATCH_WRITE, address_of(&written), 8);

	(void)state;
	if (error == -ENOTSUP) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		skip();
	}
	assert_int_equal(error, 0);
	assert_int_equal(trace_set_watch(pid, 2, WATCH_ACCESS, address_of(&read_only), 4), 0);
	assert_int_equal(trace_set_watch(pid, 3, WATCH_EXECUTE, (uint64_t)(uintptr_t)callee, 1), 0);
	assert_int_equal(next_hit(pid), 1 << 0);
	assert_int_equal(next_hit(pid), 1 << 2);
	assert_int_equal(next_hit(pid), 1 << 3);
	assert_int_equal(trace_get_registers(pid, &registers), 0);
	assert_int_equal(registers_pc(&registers), (uint64_t)(uintptr_t)callee);
	assert_int_equal(next_hit(pid), 0);
}

static void test_cleared(void **state)
{
	pid_t pid = start();
	int error = trace_set_watch(pid, 1, WATCH_ACCESS, address_of(&written), 8);

	(void)state;
	if (!error) {
		assert_int_equal(trace_set_watch(pid, 0, WATCH_WRITE, address_of(&beside), 8), 0);
		assert_int_equal(trace_clear_watch(pid, 0), 0);
		assert_int_equal(next_hit(pid), 1 << 1);
		assert_int_equal(trace_clear_watch(pid, 1), 0);
	}
	assert_int_equal(next_hit(pid), 0);
}

static void test_bad_places(void **state)
{
	pid_t pid = start();

	(void)state;
	assert_int_equal(trace_set_watch(pid, 0, WATCH_WRITE, address_of(&written) + 1, 8),
			 -EINVAL);
	assert_int_equal(trace_set_watch(pid, 0, WATCH_WRITE, address_of(&written), 3), -EINVAL);
	assert_int_equal(trace_set_watch(pid, 0, WATCH_EXECUTE, address_of(&written), 8), -EINVAL);
	assert_int_equal(next_hit(pid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_cleared),
		cmocka_unit_test(test_bad_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
