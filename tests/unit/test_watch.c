/* SPDX-License-Identifier: MIT */
/*
 * Breakpoints of the CPU: each kind stops where it should, names its slot, and nowhere else. All of
 * it twice: as the machine has them, and made by stepping.
 */
#include "harness/engine/access.h"
#include "harness/kernel/ptrace.h"
#include "harness/kernel/watch_step.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define STEPS_MAX 20000

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

	(void)state;
	assert_int_equal(trace_set_watch(pid, 0, WATCH_WRITE, address_of(&written), 8), 0);
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

	(void)state;
	assert_int_equal(trace_set_watch(pid, 1, WATCH_ACCESS, address_of(&written), 8), 0);
	assert_int_equal(trace_set_watch(pid, 0, WATCH_WRITE, address_of(&beside), 8), 0);
	assert_int_equal(trace_clear_watch(pid, 0), 0);
	assert_int_equal(next_hit(pid), 1 << 1);
	assert_int_equal(trace_clear_watch(pid, 1), 0);
	assert_int_equal(next_hit(pid), 0);
}

/* Code alone is watched: nothing is stepped, and the code is as it was for its children. */
static void test_code_alone(void **state)
{
	struct registers registers;
	pid_t pid = start();

	(void)state;
	assert_int_equal(trace_set_watch(pid, 0, WATCH_EXECUTE, (uint64_t)(uintptr_t)callee, 1), 0);
	assert_int_equal(next_hit(pid), 1 << 0);
	assert_int_equal(trace_get_registers(pid, &registers), 0);
	assert_int_equal(registers_pc(&registers), (uint64_t)(uintptr_t)callee);
	assert_int_equal(watch_step_cost(pid).steps, 0);
	assert_int_equal(next_hit(pid), 0);
}

static volatile char text[8];

/* What sees that it is stepped, or is hard to step. */
static void do_odd_things(void)
{
	uint64_t flags;
	const char *from = "repeats";
	volatile char *to = text;
	unsigned long count = sizeof(text);
	int pipes[2];
	char byte = 1;

	raise(SIGSTOP);
	__asm__ volatile("pushf; pop %0" : "=r"(flags));
	if (flags & 0x100)
		_exit(3);
	__asm__ volatile("rep movsb" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
	if (pipe(pipes) || write(pipes[1], &byte, 1) != 1 ||
	    read(pipes[0], (char *)(uintptr_t)&written, 1) !=
		    1) /* the kernel's writes are not seen */
		_exit(4);
	written = 3;
	_exit(0);
}

static void test_odd_things(void **state)
{
	struct stop stop;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		if (trace_me())
			_exit(2);
		do_odd_things();
	}
	assert_int_equal(trace_wait(pid, -1, &stop), 0);
	assert_int_equal(trace_set_watch(pid, 0, WATCH_WRITE, address_of(&text[4]), 4), 0);
	assert_int_equal(trace_set_watch(pid, 1, WATCH_ACCESS, address_of(&written), 8), 0);
	/* A repeated instruction stops after an iteration, or at its end, as the CPU likes. */
	assert_int_equal(next_hit(pid), 1 << 0);
	assert_int_equal(trace_clear_watch(pid, 0), 0);
	assert_int_equal(next_hit(pid), 1 << 1);
	assert_int_equal(written, 0);
	assert_int_equal(next_hit(pid), 0);
}

static void test_lost(void **state)
{
	struct stop stop;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		if (trace_me())
			_exit(2);
		raise(SIGSTOP);
		for (volatile int i = 0; i < STEPS_MAX; i = i + 1)
			;
		_exit(0);
	}
	assert_int_equal(trace_wait(pid, -1, &stop), 0);
	assert_int_equal(trace_set_watch(pid, 0, WATCH_WRITE, address_of(&written), 8), 0);
	assert_int_equal(next_hit(pid), 0);
	assert_int_equal(watch_step_is_lost(pid), !trace_has_watches());
	assert_int_equal(watch_step_cost(pid).cpu > 0, !trace_has_watches());
	assert_int_equal(watch_step_cost(pid).steps > STEPS_MAX, !trace_has_watches());
	watch_step_forget(pid);
	assert_false(watch_step_is_lost(pid));
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

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),      cmocka_unit_test(test_cleared),
		cmocka_unit_test(test_code_alone), cmocka_unit_test(test_odd_things),
		cmocka_unit_test(test_lost),       cmocka_unit_test(test_bad_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the machine has is tried out once in a process: each way has one of its own. */
int main(void)
{
	const pid_t other = fork();
	int status;

	access_serve_watches(STEPS_MAX);
	if (other == 0) {
		setenv("SIGSWEEP_NO_WATCHPOINTS", "1", 1);
		return run();
	}
	if (other < 0 || waitpid(other, &status, 0) != other)
		return 1;
	return run() || status;
}
