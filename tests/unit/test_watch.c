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
#include <sys/mman.h>
#include <sys/ptrace.h>
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

static void child_with_trap(void)
{
	if (trace_me())
		_exit(2);
	raise(SIGSTOP);
	__asm__ volatile("int3");
	written = 5;
	_exit(0);
}

static pid_t start_as(void (*body)(void))
{
	struct stop stop;
	pid_t pid = fork();

	if (pid == 0)
		body();
	assert_true(pid > 0);
	assert_int_equal(trace_wait(pid, -1, &stop), 0);
	assert_int_equal(stop.kind, STOP_SIGNAL);
	assert_int_equal(trace_set_options(pid, PTRACE_O_TRACESYSGOOD), 0);
	return pid;
}

static pid_t start(void)
{
	return start_as(child);
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
	assert_int_equal(trace_set_options(pid, PTRACE_O_TRACESYSGOOD), 0);
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
	volatile uint64_t on_stack = 0;
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
	/* The stack's pages are never closed. */
	assert_int_equal(trace_set_watch(pid, 0, WATCH_WRITE, address_of(&on_stack), 8), 0);
	assert_int_equal(next_hit(pid), 0);
	assert_int_equal(watch_step_is_lost(pid), !trace_has_watches());
	assert_int_equal(watch_step_cost(pid).cpu > 0, !trace_has_watches());
	assert_int_equal(watch_step_cost(pid).steps > STEPS_MAX, !trace_has_watches());
	watch_step_forget(pid);
	assert_false(watch_step_is_lost(pid));
}

#define FAR 50000 /* rounds, of some instructions each */

static sigjmp_buf recovered;
static volatile int value_seen;
static volatile char *forbidden;

static void on_value(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	value_seen = info->si_code == SI_QUEUE ? info->si_value.sival_int : -1;
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	if (info->si_addr == forbidden)
		siglongjmp(recovered, 1);
	_exit(5);
}

static void go_far(void)
{
	for (volatile int i = 0; i < FAR; i = i + 1)
		;
}

/* Between what happens the thread is far from the watched word, and its page may be closed. */
static void be_far(void)
{
	const struct sigaction value = {.sa_sigaction = on_value, .sa_flags = SA_SIGINFO};
	/* Not blocked afterwards: the address sanitizer's siglongjmp() leaves the mask. */
	const struct sigaction fault = {.sa_sigaction = on_fault,
					.sa_flags = SA_SIGINFO | SA_NODEFER};
	const int page = (int)sysconf(_SC_PAGESIZE);
	int pipes[2];
	uint64_t bytes = 7;
	int status = 1;
	pid_t other;

	sigaction(SIGUSR1, &value, NULL);
	sigaction(SIGSEGV, &fault, NULL);
	forbidden = mmap(NULL, (size_t)page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	raise(SIGSTOP);
	go_far();
	written = 1;
	go_far();
	sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 77});
	if (value_seen != 77)
		_exit(6);
	go_far();
	if (pipe(pipes) || write(pipes[1], &bytes, sizeof(bytes)) != sizeof(bytes) ||
	    read(pipes[0], (void *)(uintptr_t)&written, sizeof(bytes)) != sizeof(bytes) ||
	    written != bytes)
		_exit(7);
	go_far();
	other = fork();
	if (other == 0) {
		written = 9;
		_exit(0);
	}
	if (waitpid(other, &status, 0) != other || status)
		_exit(8);
	go_far();
	if (sigsetjmp(recovered, 1) == 0)
		*forbidden = 1;
	go_far();
	written = 2;
	_exit(0);
}

/* As next_hit(), but its signals reach the program. */
static unsigned int next_hit_or_signal(pid_t pid, int *signal)
{
	unsigned int slots = 0;
	struct stop stop;

	assert_int_equal(trace_resume(pid, TRACE_CONTINUE, *signal), 0);
	assert_int_equal(trace_wait(pid, -1, &stop), 0);
	*signal = 0;
	if (stop.kind == STOP_SIGNAL)
		*signal = stop.signal;
	else if (stop.kind == STOP_TRAP)
		assert_int_equal(trace_take_watch_hits(pid, &slots), 0);
	else
		assert_int_equal(stop.kind == STOP_EXITED ? stop.status : -1, 0);
	return slots;
}

/* `expected`: signals, 0 for a hit. */
static void see_far(enum trace_watch kind, const int *expected, size_t count)
{
	struct stop stop;
	pid_t pid = fork();
	int signal = 0;

	if (pid == 0) {
		if (trace_me())
			_exit(2);
		be_far();
	}
	assert_int_equal(trace_wait(pid, -1, &stop), 0);
	assert_int_equal(trace_set_options(pid, PTRACE_O_TRACESYSGOOD), 0);
	assert_int_equal(trace_set_watch(pid, 0, kind, address_of(&written), 8), 0);
	for (size_t i = 0; i < count; i++) {
		const unsigned int hits = next_hit_or_signal(pid, &signal);

		assert_int_equal(signal, expected[i]);
		assert_int_equal(hits != 0, signal == 0);
	}
	assert_int_equal(next_hit_or_signal(pid, &signal), 0);
	assert_int_equal(signal, 0);
	assert_false(watch_step_is_lost(pid));
	assert_true(watch_step_cost(pid).steps < FAR / 10);
}

static void test_far(void **state)
{
	/* It looks at what the kernel has written. */
	const int accesses[] = {0, SIGUSR1, 0, SIGCHLD, SIGSEGV, 0};
	const int writes[] = {0, SIGUSR1, SIGCHLD, SIGSEGV, 0};

	(void)state;
	see_far(WATCH_WRITE, writes, sizeof(writes) / sizeof(*writes));
	see_far(WATCH_ACCESS, accesses, sizeof(accesses) / sizeof(*accesses));
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

/* A program's own trap is its own; that of a watch is known even where its slot is forgotten. */
static void test_stray(void **state)
{
	pid_t pid = start_as(child_with_trap);

	(void)state;
	assert_int_equal(trace_set_watch(pid, 0, WATCH_WRITE, address_of(&written), 8), 0);
	assert_int_equal(next_hit(pid), 0);
	assert_false(trace_is_stray_watch(pid));
	assert_int_equal(next_hit(pid), 1);
	assert_int_equal(trace_is_stray_watch(pid), trace_has_watches());
	assert_int_equal(next_hit(pid), 0);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),      cmocka_unit_test(test_cleared),
		cmocka_unit_test(test_code_alone), cmocka_unit_test(test_odd_things),
		cmocka_unit_test(test_lost),       cmocka_unit_test(test_far),
		cmocka_unit_test(test_bad_places), cmocka_unit_test(test_stray),
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
