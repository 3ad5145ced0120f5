/* SPDX-License-Identifier: MIT */
/*
 * A child plays the walker: it inherits descriptors and sleeps. The test itself plays the trial: it
 * has the same open file descriptions, and spoils them.
 */
#include "harness/engine/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/sigsweep-descriptors-XXXXXX";

static pid_t start_walker(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(30);
		for (;;)
			pause();
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int make_file(const char *name, const char *text, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	fd = open(path, flags);
	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static void assert_contents(int fd, const char *expected)
{
	char text[256] = "";
	char path[64];
	int own;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, O_RDONLY);
	assert_true(read(own, text, sizeof(text) - 1) >= 0);
	assert_string_equal(text, expected);
	close(own);
}

static void offsets(void **state)
{
	struct descriptors *descriptors = descriptors_new();
	int file = make_file("read", "0123456789", O_RDONLY);
	int listing = open("/proc/self/fd/..", O_RDONLY | O_DIRECTORY);
	int path_only = open("/", O_PATH);
	int high = fcntl(file, F_DUPFD, 1100);
	pid_t pid;

	(void)state;
	assert_true(listing >= 0 && path_only >= 0 && high >= 1100);
	lseek(file, 3, SEEK_SET);
	pid = start_walker();
	assert_int_equal(descriptors_save(descriptors, pid, NULL, 0), 0);
	lseek(file, 8, SEEK_SET);
	lseek(listing, 2, SEEK_SET);
	assert_int_equal(fcntl(file, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(descriptors_restore(descriptors), 0);
	assert_int_equal(lseek(file, 0, SEEK_CUR), 3);
	assert_int_equal(lseek(listing, 0, SEEK_CUR), 0);
	assert_int_equal(fcntl(file, F_GETFL) & O_NONBLOCK, 0);
	lseek(high, 5, SEEK_SET);
	assert_int_equal(descriptors_save(descriptors, pid, NULL, 0), 0);
	lseek(high, 0, SEEK_SET);
	assert_int_equal(descriptors_restore(descriptors), 0);
	assert_int_equal(lseek(file, 0, SEEK_CUR), 5);
	end(pid);
	descriptors_free(descriptors);
	close(file);
	close(high);
	close(listing);
	close(path_only);
}

/* Changes within one tick of the file clock must be seen as well: no pause anywhere here. */
static void contents(void **state)
{
	struct descriptors *descriptors = descriptors_new();
	int file = make_file("both", "0123456789", O_RDWR);
	int writer = make_file("write", "abc", O_WRONLY | O_APPEND);
	int memory = memfd_create("memory", 0);
	struct stat before;
	struct stat after;
	pid_t pid;

	(void)state;
	assert_int_equal(write(memory, "memory", 6), 6);
	pid = start_walker();
	for (int n = 0; n < 200; n++) {
		assert_int_equal(descriptors_save(descriptors, pid, NULL, 0), 0);
		fstat(writer, &before);
		assert_int_equal(pwrite(file, "X", 1, n % 10), 1);
		assert_int_equal(write(writer, "more", 4), 4);
		assert_int_equal(ftruncate(memory, n % 9), 0);
		assert_int_equal(descriptors_restore(descriptors), 0);
		assert_contents(file, "0123456789");
		assert_contents(writer, "abc");
		assert_contents(memory, "memory");
		fstat(writer, &after);
		assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
		assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	}
	/* What the walker itself wrote stays. */
	assert_int_equal(pwrite(file, "own", 3, 0), 3);
	assert_int_equal(descriptors_save(descriptors, pid, NULL, 0), 0);
	assert_int_equal(pwrite(file, "not", 3, 0), 3);
	assert_int_equal(descriptors_restore(descriptors), 0);
	assert_contents(file, "own3456789");
	assert_int_equal(descriptors_restore(descriptors), 0);
	assert_contents(file, "own3456789");
	end(pid);
	descriptors_free(descriptors);
	close(file);
	close(writer);
	close(memory);
}

static void skipped_files(void **state)
{
	struct descriptors *descriptors = descriptors_new();
	int file = make_file("skipped", "0123456789", O_RDWR);
	pid_t pid = start_walker();

	(void)state;
	assert_int_equal(descriptors_save(descriptors, pid, &file, 1), 0);
	assert_int_equal(write(file, "XX", 2), 2);
	assert_int_equal(descriptors_restore(descriptors), 0);
	assert_contents(file, "XX23456789");
	assert_int_equal(lseek(file, 0, SEEK_CUR), 2);
	end(pid);
	descriptors_free(descriptors);
	close(file);
}

static size_t waiting(int fd)
{
	int size = -1;

	assert_int_equal(ioctl(fd, FIONREAD, &size), 0);
	return (size_t)size;
}

static void assert_waits(int fd, const char *expected)
{
	char text[64] = "";

	assert_int_equal(waiting(fd), strlen(expected));
	if (*expected)
		assert_int_equal(read(fd, text, sizeof(text) - 1), strlen(expected));
	assert_string_equal(text, expected);
}

static void pipes(void **state)
{
	struct descriptors *descriptors = descriptors_new();
	char bytes[8];
	int empty[2];
	int full[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(empty), 0);
	assert_int_equal(pipe(full), 0);
	for (int n = 0; n < 5; n++)
		assert_int_equal(write(full[1], "hello", 5), 5);
	pid = start_walker();
	assert_int_equal(descriptors_save(descriptors, pid, NULL, 0), 0);
	for (int n = 0; n < 3; n++) {
		assert_int_equal(write(empty[1], "left", 4), 4);
		assert_int_equal(read(full[0], bytes, 7), 7);
		assert_int_equal(write(full[1], "1234567", 7), 7);
		assert_int_equal(descriptors_restore(descriptors), 0);
		assert_int_equal(waiting(empty[0]), 0);
		assert_int_equal(waiting(full[0]), 25);
	}
	assert_waits(full[0], "hellohellohellohellohello");
	end(pid);
	descriptors_free(descriptors);
	for (int n = 0; n < 2; n++) {
		close(empty[n]);
		close(full[n]);
	}
}

/* A save must leave no duplicate behind: the reader would never see the end of the file. */
static void end_of_file_is_seen(void **state)
{
	struct descriptors *descriptors = descriptors_new();
	char byte;
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = start_walker();
	assert_int_equal(descriptors_save(descriptors, pid, NULL, 0), 0);
	assert_int_equal(descriptors_restore(descriptors), 0);
	close(ends[1]);
	end(pid);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	descriptors_free(descriptors);
}

static void counters(void **state)
{
	struct descriptors *descriptors = descriptors_new();
	int zero = eventfd(0, 0);
	int seven = eventfd(7, 0);
	int semaphore = eventfd(3, EFD_SEMAPHORE);
	int same = dup(seven);
	uint64_t one = 1;
	uint64_t value;
	pid_t pid = start_walker();

	(void)state;
	assert_int_equal(descriptors_save(descriptors, pid, NULL, 0), 0);
	assert_int_equal(write(zero, &one, 8), 8);
	assert_int_equal(read(seven, &value, 8), 8);
	assert_int_equal(write(semaphore, &one, 8), 8);
	assert_int_equal(descriptors_restore(descriptors), 0);
	assert_int_equal(read(seven, &value, 8), 8);
	assert_int_equal(value, 7);
	for (int n = 0; n < 3; n++)
		assert_int_equal(read(semaphore, &value, 8), 8);
	fcntl(semaphore, F_SETFL, O_NONBLOCK);
	fcntl(zero, F_SETFL, O_NONBLOCK);
	assert_int_equal(read(semaphore, &value, 8), -1);
	assert_int_equal(read(zero, &value, 8), -1);
	end(pid);
	descriptors_free(descriptors);
	close(zero);
	close(seven);
	close(semaphore);
	close(same);
}

struct told {
	char kinds[32][32];
	size_t count;
};

static void note(void *context, const char *kind, const char *text)
{
	struct told *told = context;

	assert_true(strlen(text) > 10 && !strchr(text, '%'));
	snprintf(told->kinds[told->count++ % 32], 32, "%s", kind);
}

static size_t count_kind(const struct told *told, const char *kind)
{
	size_t count = 0;

	for (size_t n = 0; n < told->count && n < 32; n++)
		count += strcmp(told->kinds[n], kind) == 0;
	return count;
}

static void socket_pairs(void **state)
{
	struct descriptors *descriptors = descriptors_new();
	struct told before = {0};
	struct told after = {0};
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	pid = start_walker();
	assert_int_equal(descriptors_save(descriptors, pid, NULL, 0), 0);
	descriptors_fidelity(descriptors, note, &before);
	assert_int_equal(count_kind(&before, "socket"), 0);
	assert_int_equal(write(ends[0], "spoilt", 6), 6);
	assert_int_equal(descriptors_restore(descriptors), 0);
	assert_int_equal(waiting(ends[1]), 0);
	assert_int_equal(write(ends[0], "waits", 5), 5);
	assert_int_equal(descriptors_save(descriptors, pid, NULL, 0), 0);
	descriptors_fidelity(descriptors, note, &after);
	assert_int_equal(count_kind(&after, "socket-contents"), 1);
	assert_int_equal(descriptors_restore(descriptors), 0);
	assert_waits(ends[1], "waits");
	end(pid);
	descriptors_free(descriptors);
	close(ends[0]);
	close(ends[1]);
}

static void fidelity_names_what_is_lost(void **state)
{
	struct descriptors *descriptors = descriptors_new();
	struct told told = {0};
	int network = socket(AF_INET, SOCK_DGRAM, 0);
	int set = epoll_create1(0);
	int own[2];
	int ends[2];
	int large = memfd_create("large", 0);
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(own), 0);
	assert_int_equal(pipe2(ends, 0), 0);
	assert_int_equal(ftruncate(large, 65L << 20), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		close(own[0]); /* what is left in the walker is one end of each */
		(void)!write(own[1], "x", 1);
		alarm(30);
		for (;;)
			pause();
	}
	assert_int_equal(read(own[0], &(char){0}, 1), 1);
	assert_int_equal(descriptors_save(descriptors, pid, NULL, 0), 0);
	descriptors_fidelity(descriptors, note, &told);
	assert_int_equal(count_kind(&told, "socket"), 1);
	assert_int_equal(count_kind(&told, "epoll"), 1);
	assert_int_equal(count_kind(&told, "file"), 1);
	assert_true(count_kind(&told, "pipe") >= 2);
	/* What waits in a pipe from outside is not touched. */
	assert_int_equal(write(ends[1], "outside", 7), 7);
	assert_int_equal(descriptors_restore(descriptors), 0);
	assert_waits(ends[0], "outside");
	end(pid);
	descriptors_free(descriptors);
	close(network);
	close(set);
	close(large);
	for (int n = 0; n < 2; n++) {
		close(own[n]);
		close(ends[n]);
	}
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void is_cheap(void **state)
{
	struct descriptors *descriptors = descriptors_new();
	int files[7];
	double from;
	double saved;
	double restored;
	pid_t pid;

	(void)state;
	for (int n = 0; n < 7; n++)
		files[n] = make_file("cheap", "0123456789", n % 2 ? O_RDWR : O_RDONLY);
	pid = start_walker();
	usleep(20000);
	from = now();
	for (int n = 0; n < 1000; n++)
		assert_int_equal(descriptors_save(descriptors, pid, NULL, 0), 0);
	saved = now() - from;
	from = now();
	for (int n = 0; n < 1000; n++)
		assert_int_equal(descriptors_restore(descriptors), 0);
	restored = now() - from;
	print_message("10 descriptors: save %.1f us, restore %.1f us\n", saved * 1e3,
		      restored * 1e3);
	assert_true(saved < 1.0 && restored < 1.0);
	end(pid);
	descriptors_free(descriptors);
	for (int n = 0; n < 7; n++)
		close(files[n]);
}

static int set_up(void **state)
{
	struct rlimit limit;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return mkdtemp(directory) == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offsets),
		cmocka_unit_test(contents),
		cmocka_unit_test(skipped_files),
		cmocka_unit_test(pipes),
		cmocka_unit_test(end_of_file_is_seen),
		cmocka_unit_test(counters),
		cmocka_unit_test(socket_pairs),
		cmocka_unit_test(fidelity_names_what_is_lost),
		cmocka_unit_test(is_cheap),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
