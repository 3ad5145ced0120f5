/* SPDX-License-Identifier: MIT */
/* The record as a file: nothing lost, never half a line, and every failure named. */
#include "reports/record.h"

#include "harness/base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define LINE "{\"type\":\"end\",\"n\":%d}"

static char folder[] = "/tmp/sigsweep-record-XXXXXX";
static char path[128];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/record", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static int remove_record(void **state)
{
	(void)state;
	if (unlink(path) < 0 && errno != ENOENT)
		return -1;
	return 0;
}

static void put_file(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static char *get_file(void)
{
	FILE *file = fopen(path, "r");
	char *text = alloc_zero(1 << 20);

	assert_non_null(file);
	assert_true(fread(text, 1, (1 << 20) - 1, file) < (1 << 20) - 1);
	fclose(file);
	return text;
}

static void assert_file(const char *expected)
{
	char *text = get_file();

	assert_string_equal(text, expected);
	free(text);
}

static void write_line(struct record_writer *writer, int number)
{
	char line[64];
	int size = snprintf(line, sizeof(line), LINE, number);

	assert_int_equal(record_write_text(writer, line, (size_t)size), 0);
}

static void test_lines_come_back(void **state)
{
	struct record_writer *writer;
	struct record_reader *reader;
	const char *line;
	size_t size;
	json_t *json = json_pack("{s:s, s:s}", "type", "x", "text", "a\nb");

	(void)state;
	assert_int_equal(record_writer_open(path, &writer), 0);
	write_line(writer, 1);
	assert_file("");
	assert_int_equal(record_flush(writer), 0);
	assert_file("{\"type\":\"end\",\"n\":1}\n");
	assert_int_equal(record_write(writer, json), 0);
	json_decref(json);
	assert_int_equal(record_writer_close(writer), 0);

	assert_int_equal(record_reader_open(path, &reader), 0);
	assert_int_equal(record_reader_next(reader, &line, &size), 1);
	assert_string_equal(line, "{\"type\":\"end\",\"n\":1}");
	assert_int_equal(size, strlen(line));
	assert_int_equal(record_reader_next(reader, &line, &size), 1);
	assert_string_equal(line, "{\"type\":\"x\",\"text\":\"a\\nb\"}");
	assert_int_equal(record_reader_next(reader, &line, &size), 0);
	assert_null(record_reader_note(reader));
	record_reader_close(reader);
}

static void test_many_lines_need_no_flush(void **state)
{
	struct record_writer *writer;
	struct stat status;

	(void)state;
	assert_int_equal(record_writer_open(path, &writer), 0);
	for (int n = 0; n < 10000; n++)
		write_line(writer, n);
	assert_int_equal(stat(path, &status), 0);
	assert_true(status.st_size > 100000);
	assert_int_equal(record_writer_close(writer), 0);
}

static void test_appends_after_the_last_whole_line(void **state)
{
	const struct {
		const char *before;
		const char *after;
	} cases[] = {
		{"{\"type\":\"a\"}\n", "{\"type\":\"a\"}\n{\"type\":\"end\",\"n\":2}\n"},
		{"{\"type\":\"a\"}\n{\"type\":\"b",
		 "{\"type\":\"a\"}\n{\"type\":\"end\",\"n\":2}\n"},
		{"{\"type\":\"a\"}", "{\"type\":\"end\",\"n\":2}\n"},
		{"{\"ty", "{\"type\":\"end\",\"n\":2}\n"},
		{"", "{\"type\":\"end\",\"n\":2}\n"},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct record_writer *writer;

		put_file(cases[n].before);
		assert_int_equal(record_writer_open(path, &writer), 0);
		write_line(writer, 2);
		assert_int_equal(record_writer_close(writer), 0);
		assert_file(cases[n].after);
	}
}

static void test_long_partial_line_is_cut(void **state)
{
	struct record_writer *writer;
	char *text = alloc_zero(30000);
	size_t used = (size_t)sprintf(text, "{\"type\":\"a\"}\n{\"type\":\"");

	(void)state;
	memset(text + used, 'x', 20000);
	put_file(text);
	free(text);
	assert_int_equal(record_writer_open(path, &writer), 0);
	assert_int_equal(record_writer_close(writer), 0);
	assert_file("{\"type\":\"a\"}\n");
}

static void test_replace(void **state)
{
	struct record_writer *writer;

	(void)state;
	put_file("{\"type\":\"a\"}\n{\"type\":\"b");
	assert_int_equal(record_writer_replace(path, &writer), 0);
	write_line(writer, 3);
	assert_int_equal(record_writer_close(writer), 0);
	assert_file("{\"type\":\"end\",\"n\":3}\n");
	put_file("int main(void)\n");
	assert_int_equal(record_writer_replace(path, &writer), -EINVAL);
	assert_file("int main(void)\n");
}

static void test_foreign_file_is_left_alone(void **state)
{
	struct record_writer *writer = NULL;

	(void)state;
	put_file("int main(void)");
	assert_int_equal(record_writer_open(path, &writer), -EINVAL);
	assert_null(writer);
	assert_non_null(strstr(fail_text(), path));
	assert_file("int main(void)");
}

static void test_one_writer_at_a_time(void **state)
{
	struct record_writer *writer;
	struct record_writer *other = NULL;

	(void)state;
	assert_int_equal(record_writer_open(path, &writer), 0);
	assert_int_equal(record_writer_open(path, &other), -EBUSY);
	assert_non_null(strstr(fail_text(), path));
	assert_int_equal(record_writer_close(writer), 0);
	assert_int_equal(record_writer_open(path, &other), 0);
	assert_int_equal(record_writer_close(other), 0);
}

static void test_not_inherited_by_exec(void **state)
{
	struct record_writer *writer;
	int fd = dup(0);

	(void)state;
	/* The next descriptor to be given out. */
	close(fd);
	assert_int_equal(record_writer_open(path, &writer), 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(record_writer_close(writer), 0);
}

static void test_file_that_cannot_be_written(void **state)
{
	struct record_writer *writer = NULL;

	(void)state;
	assert_int_equal(record_writer_open(folder, &writer), -EISDIR);
	assert_non_null(strstr(fail_text(), folder));
	assert_int_equal(record_writer_open("/nowhere/record", &writer), -ENOENT);
	assert_non_null(strstr(fail_text(), "/nowhere/record"));
}

static void test_full_device(void **state)
{
	struct record_writer *writer;

	(void)state;
	assert_int_equal(record_writer_open("/dev/full", &writer), 0);
	write_line(writer, 1);
	assert_int_equal(record_flush(writer), -ENOSPC);
	assert_non_null(strstr(fail_text(), "/dev/full"));
	assert_int_equal(record_writer_close(writer), -ENOSPC);
}

/* A limit on the size of files stands in for a full disk: the write that meets it is cut short. */
static void test_full_disk_leaves_whole_lines(void **state)
{
	const struct rlimit full = {50, RLIM_INFINITY};
	const struct rlimit free_again = {RLIM_INFINITY, RLIM_INFINITY};
	struct record_writer *writer;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(record_writer_open(path, &writer), 0);
	for (int n = 1; n <= 4; n++)
		write_line(writer, n);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
	assert_int_equal(record_flush(writer), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &free_again), 0);
	assert_non_null(strstr(fail_text(), path));
	assert_file("{\"type\":\"end\",\"n\":1}\n{\"type\":\"end\",\"n\":2}\n");

	/* Room again: the rest follows, once. */
	assert_int_equal(record_writer_close(writer), 0);
	assert_file("{\"type\":\"end\",\"n\":1}\n{\"type\":\"end\",\"n\":2}\n"
		    "{\"type\":\"end\",\"n\":3}\n{\"type\":\"end\",\"n\":4}\n");
}

static void test_reader_of_pipe_has_gone(void **state)
{
	struct record_writer *writer;
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	writer = record_writer_for(ends[1], "the campaign's pipe");
	write_line(writer, 1);
	assert_int_equal(record_writer_close(writer), -EPIPE);
	assert_non_null(strstr(fail_text(), "the campaign's pipe"));
}

static int read_all(struct record_reader *reader, size_t *lines)
{
	const char *line;
	size_t size;
	int result;

	*lines = 0;
	while ((result = record_reader_next(reader, &line, &size)) > 0)
		(*lines)++;
	return result;
}

static void test_partial_last_line_is_dropped(void **state)
{
	struct record_reader *reader;
	size_t lines;

	(void)state;
	put_file("{\"type\":\"a\"}\n{\"type\":\"b\"}\n{\"type\":\"c\"}");
	assert_int_equal(record_reader_open(path, &reader), 0);
	assert_int_equal(read_all(reader, &lines), 0);
	assert_int_equal(lines, 2);
	assert_non_null(record_reader_note(reader));
	assert_non_null(strstr(record_reader_note(reader), "record:3: "));
	record_reader_close(reader);
}

static void test_corrupt_line_is_an_error(void **state)
{
	static const char *const corrupt[] = {"{\"type\":\"b", "", "[]", "x", "{"};

	(void)state;
	for (size_t n = 0; n < sizeof(corrupt) / sizeof(corrupt[0]); n++) {
		struct record_reader *reader;
		char text[100];
		size_t lines;

		snprintf(text, sizeof(text), "{\"type\":\"a\"}\n%s\n{\"type\":\"c\"}\n",
			 corrupt[n]);
		put_file(text);
		assert_int_equal(record_reader_open(path, &reader), 0);
		assert_int_equal(read_all(reader, &lines), -EINVAL);
		assert_int_equal(lines, 1);
		assert_memory_equal(fail_text(), path, strlen(path));
		assert_memory_equal(fail_text() + strlen(path), ":2: ", 4);
		record_reader_close(reader);
	}
}

static void test_record_that_cannot_be_read(void **state)
{
	struct record_reader *reader;
	size_t lines;

	(void)state;
	assert_int_equal(record_reader_open("/nowhere/record", &reader), -ENOENT);
	assert_non_null(strstr(fail_text(), "/nowhere/record"));
	assert_int_equal(record_reader_open(folder, &reader), -EISDIR);
	put_file("");
	assert_int_equal(record_reader_open(path, &reader), 0);
	assert_int_equal(read_all(reader, &lines), 0);
	assert_int_equal(lines, 0);
	record_reader_close(reader);
}

#define record_test(name) cmocka_unit_test_teardown(name, remove_record)

int main(void)
{
	const struct CMUnitTest tests[] = {
		record_test(test_lines_come_back),
		record_test(test_many_lines_need_no_flush),
		record_test(test_appends_after_the_last_whole_line),
		record_test(test_long_partial_line_is_cut),
		record_test(test_replace),
		record_test(test_foreign_file_is_left_alone),
		record_test(test_one_writer_at_a_time),
		record_test(test_not_inherited_by_exec),
		record_test(test_file_that_cannot_be_written),
		record_test(test_full_device),
		record_test(test_full_disk_leaves_whole_lines),
		record_test(test_reader_of_pipe_has_gone),
		record_test(test_partial_last_line_is_dropped),
		record_test(test_corrupt_line_is_an_error),
		record_test(test_record_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
