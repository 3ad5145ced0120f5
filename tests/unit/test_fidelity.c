/* SPDX-License-Identifier: MIT */
/* A child has everything that fork does not copy; each must be told, and nothing of a plain one. */
#include "harness/engine/fidelity.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define TOLD_MAX 64

struct told {
	char kinds[TOLD_MAX][32];
	size_t count;
};

static void note(void *context, const char *kind, const char *text)
{
	struct told *told = context;

	assert_true(told->count < TOLD_MAX);
	assert_true(strlen(text) > 10);
	snprintf(told->kinds[told->count++], sizeof(told->kinds[0]), "%s", kind);
}

static size_t count_kind(const struct told *told, const char *kind)
{
	size_t count = 0;

	for (size_t n = 0; n < told->count; n++)
		count += strcmp(told->kinds[n], kind) == 0;
	return count;
}

static void *sleep_on(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void prepare(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	struct flock lock = {.l_type = F_WRLCK};
	const pid_t parent = getpid();
	int file = memfd_create("locked", 0);
	pthread_t thread;
	timer_t timer;

	timer_create(CLOCK_MONOTONIC, &event, &timer);
	fcntl(file, F_SETLK, &lock);
	flock(file, LOCK_EX);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent) /* it was killed before that */
			_exit(0);
		sleep_on(NULL);
	}
	(void)!ftruncate(file, 4096);
	mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* As a system call, since the address sanitizer turns the function into nothing. */
	syscall(SYS_mlock,
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
	pthread_create(&thread, NULL, sleep_on, NULL);
}

static struct told ask(void (*body)(void))
{
	struct told told = {0};
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(30);
		if (body)
			body();
		(void)!write(ready[1], "x", 1);
		sleep_on(NULL);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	fidelity_process(pid, note, &told);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(ready[0]);
	close(ready[1]);
	return told;
}

static void everything_is_told(void **state)
{
	struct told told = ask(prepare);

	(void)state;
	assert_int_equal(count_kind(&told, "threads"), 1);
	assert_int_equal(count_kind(&told, "children"), 1);
	assert_true(count_kind(&told, "shared-memory") >= 2);
	assert_int_equal(count_kind(&told, "timer"), 1);
	assert_int_equal(count_kind(&told, "locked-memory"), 1);
	assert_int_equal(count_kind(&told, "file-lock"), 2);
	assert_int_equal(count_kind(&told, "namespace"), 0);
	assert_int_equal(count_kind(&told, "hidden"), 0);
}

static void a_plain_process_loses_nothing(void **state)
{
	struct told told = ask(NULL);

	(void)state;
	assert_int_equal(told.count, 0);
}

static void a_gone_process_is_hidden(void **state)
{
	struct told told = {0};
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	fidelity_process(pid, note, &told);
	assert_int_equal(count_kind(&told, "hidden"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_told),
		cmocka_unit_test(a_plain_process_loses_nothing),
		cmocka_unit_test(a_gone_process_is_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
