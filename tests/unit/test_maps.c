/* SPDX-License-Identifier: MIT */
/* The mappings of a process and its memory, against what this process knows of itself. */
#include "harness/kernel/maps.h"
#include "harness/kernel/memory.h"
#include "tests/unit/victim.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>

#include <cmocka.h>

#define PAGE 4096UL

/* Stays the same through a fork: the child of a test has it at the same address. */
static char shared_text[] = "what the child has";

static void test_own_mappings(void **state)
{
	struct maps maps = {0};
	const struct mapping *code;
	const struct mapping *stack;
	int local = 0;

	(void)state;
	assert_int_equal(maps_read(&maps, getpid()), 0);
	assert_true(maps.count > 10);
	for (size_t i = 0; i < maps.count; i++) {
		assert_true(maps.list[i].start < maps.list[i].end);
		assert_non_null(maps.list[i].path);
		if (i)
			assert_true(maps.list[i - 1].end <= maps.list[i].start);
	}
	code = maps_find(&maps, (uint64_t)(uintptr_t)test_own_mappings);
	assert_non_null(code);
	assert_true(code->executable && code->readable && !code->writable && !code->shared);
	assert_true(code->inode != 0);
	assert_int_equal(code->path[0], '/');
	stack = maps_find(&maps, (uint64_t)(uintptr_t)&local);
	assert_non_null(stack);
	assert_string_equal(stack->path, "[stack]");
	assert_true(stack->writable && !stack->executable && stack->inode == 0);
	/* Read again into the same struct. */
	assert_int_equal(maps_read(&maps, getpid()), 0);
	maps_free(&maps);
	assert_int_equal(maps.count, 0);
	maps_free(&maps);
}

static void test_find_edges(void **state)
{
	struct maps maps = {0};
	char *pages = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t start = (uint64_t)(uintptr_t)pages;

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(munmap(pages + PAGE, PAGE), 0);
	assert_int_equal(maps_read(&maps, getpid()), 0);
	assert_non_null(maps_find(&maps, start));
	assert_non_null(maps_find(&maps, start + PAGE - 1));
	assert_null(maps_find(&maps, start + PAGE));
	assert_null(maps_find(&maps, start + 2 * PAGE - 1));
	assert_non_null(maps_find(&maps, start + 2 * PAGE));
	assert_null(maps_find(&maps, 0));
	assert_null(maps_find(&maps, UINT64_MAX));
	maps_free(&maps);
	munmap(pages, PAGE);
	munmap(pages + 2 * PAGE, PAGE);
}

/* Names with blanks, a newline, and what the kernel adds to a deleted file's. */
static void test_odd_paths(void **state)
{
	const char *path = victim_path("a b\nc  d");
	struct maps maps = {0};
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	char *page;
	char *expected;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 2 * PAGE), 0);
	page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
	assert_ptr_not_equal(page, MAP_FAILED);
	assert_int_equal(maps_read(&maps, getpid()), 0);
	assert_string_equal(maps_find(&maps, (uint64_t)(uintptr_t)page)->path, path);
	assert_int_equal(maps_find(&maps, (uint64_t)(uintptr_t)page)->offset, PAGE);
	assert_true(maps_find(&maps, (uint64_t)(uintptr_t)page)->shared);
	unlink(path);
	assert_int_equal(maps_read(&maps, getpid()), 0);
	assert_true(asprintf(&expected, "%s (deleted)", path) > 0);
	assert_string_equal(maps_find(&maps, (uint64_t)(uintptr_t)page)->path, expected);
	free(expected);
	maps_free(&maps);
	munmap(page, PAGE);
	close(fd);
}

/* More than one read(2) can take. */
static void test_many_mappings(void **state)
{
	enum { COUNT = 3000 };
	struct maps maps = {0};
	char *pages = mmap(NULL, COUNT * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	for (int i = 0; i < COUNT; i += 2)
		assert_int_equal(mprotect(pages + (size_t)i * PAGE, PAGE, PROT_NONE), 0);
	assert_int_equal(maps_read(&maps, getpid()), 0);
	for (int i = 0; i < COUNT; i++) {
		uint64_t at = (uint64_t)(uintptr_t)pages + (uint64_t)i * PAGE;
		const struct mapping *mapping = maps_find(&maps, at);

		assert_non_null(mapping);
		assert_int_equal(mapping->readable, i % 2);
	}
	maps_free(&maps);
	munmap(pages, COUNT * PAGE);
}

static void test_no_process(void **state)
{
	struct maps maps = {0};
	char buffer[8];

	(void)state;
	assert_true(maps_read(&maps, 0x7ffffff0) < 0);
	assert_true(strlen(fail_text()) > 10);
	assert_int_equal(memory_read(0x7ffffff0, PAGE, buffer, sizeof(buffer)), -ESRCH);
	assert_true(memory_write(0x7ffffff0, PAGE, buffer, sizeof(buffer)) < 0);
}

/* A stopped child that has `pages` as this process had at its birth. */
static pid_t start_child(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

static void test_read(void **state)
{
	char *pages =
		mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t start = (uint64_t)(uintptr_t)pages;
	char buffer[4 * PAGE];
	pid_t pid;

	(void)state;
	memset(pages, 'x', 4 * PAGE);
	assert_int_equal(munmap(pages + 2 * PAGE, PAGE), 0);
	pid = start_child();
	memset(pages, 'y', PAGE); /* ours, not the child's */
	assert_int_equal(memory_read(pid, start, buffer, 2 * PAGE), 0);
	assert_int_equal(buffer[0], 'x');
	assert_int_equal(buffer[2 * PAGE - 1], 'x');
	assert_int_equal(memory_read(pid, start, buffer, 2 * PAGE + 1), -EFAULT);
	assert_int_equal(memory_read(pid, start + 2 * PAGE, buffer, 1), -EFAULT);
	assert_int_equal(memory_read(pid, 0, buffer, 1), -EFAULT);
	assert_int_equal(memory_read(pid, UINT64_MAX - 3, buffer, 8), -EFAULT);
	assert_int_equal(memory_read(pid, start, buffer, 0), 0);
	assert_int_equal(memory_read_some(pid, start + 10, buffer, 4 * PAGE - 10), 2 * PAGE - 10);
	assert_int_equal(memory_read_some(pid, start + 2 * PAGE, buffer, PAGE), -EFAULT);
	assert_int_equal(memory_read_some(pid, start + 3 * PAGE, buffer, PAGE), PAGE);
	victim_end(pid);
	munmap(pages, 2 * PAGE);
	munmap(pages + 3 * PAGE, PAGE);
}

static void test_read_text(void **state)
{
	char *pages =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t end = (uint64_t)(uintptr_t)pages + PAGE;
	char text[64];
	pid_t pid;

	(void)state;
	munmap(pages + PAGE, PAGE);
	memcpy(pages + PAGE - 6, "inner", 6);
	memcpy(pages + PAGE - 20, "unended text to ", 14);
	pid = start_child();
	assert_int_equal(
		memory_read_text(pid, (uint64_t)(uintptr_t)shared_text, text, sizeof(text)),
		strlen(shared_text));
	assert_string_equal(text, shared_text);
	assert_int_equal(memory_read_text(pid, end - 6, text, sizeof(text)), 5);
	assert_string_equal(text, "inner");
	assert_int_equal(memory_read_text(pid, end - 6, text, 4), 3);
	assert_string_equal(text, "inn");
	assert_int_equal(memory_read_text(pid, end, text, sizeof(text)), -EFAULT);
	assert_string_equal(text, "");
	victim_end(pid);
	munmap(pages, PAGE);
}

static void test_write(void **state)
{
	char *pages =
		mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t start = (uint64_t)(uintptr_t)pages;
	char buffer[16];
	pid_t pid;

	(void)state;
	memset(pages, 'x', 3 * PAGE);
	mprotect(pages + PAGE, PAGE, PROT_READ);
	munmap(pages + 2 * PAGE, PAGE);
	pid = start_child();
	/* Over the edge from a writable to a read-only page. */
	assert_int_equal(memory_write(pid, start + PAGE - 4, "12345678", 8), 0);
	assert_int_equal(memory_read(pid, start + PAGE - 4, buffer, 8), 0);
	assert_memory_equal(buffer, "12345678", 8);
	assert_int_equal(pages[PAGE - 4], 'x'); /* the child's own copy */
	assert_int_equal(memory_write(pid, start + 2 * PAGE, "1", 1), -EFAULT);
	assert_int_equal(memory_write(pid, start + 2 * PAGE - 2, "1234", 4), -EFAULT);
	/* Code, which nobody may write to. */
	assert_int_equal(memory_write(pid, (uint64_t)(uintptr_t)test_write, "\xcc", 1), 0);
	victim_end(pid);
	munmap(pages, 2 * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_mappings), cmocka_unit_test(test_find_edges),
		cmocka_unit_test(test_odd_paths),    cmocka_unit_test(test_many_mappings),
		cmocka_unit_test(test_no_process),   cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_text),    cmocka_unit_test(test_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
