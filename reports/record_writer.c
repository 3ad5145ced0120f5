/* SPDX-License-Identifier: MIT */
/*
 * Appends lines to a record. Whatever goes wrong, a record that is a regular file ends with a whole
 * line: a write that was cut short is cut back.
 */
#include "reports/record.h"

#include "harness/base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_SIZE (64 * 1024)
#define LINE_START "{\"type\":"

struct record_writer {
	int fd;
	char *name;
	bool is_regular; /* may be cut back */
	off_t end;       /* of the last whole line, where regular */
	char *buffer;
	size_t used;
	size_t capacity;
};

static struct record_writer *make_writer(int fd, const char *name)
{
	struct record_writer *writer = alloc_zero(sizeof(*writer));

	writer->fd = fd;
	writer->name = alloc_text(name);
	writer->capacity = BUFFER_SIZE;
	writer->buffer = alloc_zero(writer->capacity);
	return writer;
}

static void free_writer(struct record_writer *writer)
{
	free(writer->name);
	free(writer->buffer);
	free(writer);
}

struct record_writer *record_writer_for(int fd, const char *name)
{
	return make_writer(fd, name);
}

static int check_is_record(int fd, const char *path)
{
	char start[sizeof(LINE_START) - 1];
	ssize_t got = pread(fd, start, sizeof(start), 0);

	if (got < 0)
		return fail(-errno, "cannot read the record %s: %s", path, strerror(errno));
	if (memcmp(start, LINE_START, (size_t)got) != 0)
		return fail(-EINVAL,
			    "%s is there and is no record of sigsweep: it was left as it is", path);
	return 0;
}

/* The end of the last whole line of a file of this size, or -errno. */
static off_t find_line_end(int fd, off_t size)
{
	char chunk[4096];

	while (size > 0) {
		off_t start = size > (off_t)sizeof(chunk) ? size - (off_t)sizeof(chunk) : 0;
		ssize_t got = pread(fd, chunk, (size_t)(size - start), start);
		const char *newline;

		if (got < 0)
			return -errno;
		newline = memrchr(chunk, '\n', (size_t)got);
		if (newline)
			return start + (newline - chunk) + 1;
		size = start;
	}
	return 0;
}

/* An existing file: ours to append to, from the end of its last whole line on. */
static int adopt_file(struct record_writer *writer)
{
	struct stat status;
	int result;

	if (fstat(writer->fd, &status) < 0)
		return fail(-errno, "cannot look at the record %s: %s", writer->name,
			    strerror(errno));
	if (!S_ISREG(status.st_mode))
		return 0;
	if (flock(writer->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return fail(-EBUSY, "another process is writing the record %s", writer->name);
	writer->is_regular = true;
	result = check_is_record(writer->fd, writer->name);
	if (result < 0)
		return result;
	writer->end = find_line_end(writer->fd, status.st_size);
	if (writer->end < 0)
		return fail((int)writer->end, "cannot read the record %s: %s", writer->name,
			    strerror((int)-writer->end));
	if (writer->end < status.st_size && ftruncate(writer->fd, writer->end) < 0)
		return fail(-errno, "cannot cut the unfinished last line off the record %s: %s",
			    writer->name, strerror(errno));
	return 0;
}

int record_writer_open(const char *path, struct record_writer **writer)
{
	struct stat status;
	/* A FIFO open for reading too would never tell that its reader is gone. */
	bool is_other = stat(path, &status) == 0 && !S_ISREG(status.st_mode);
	int fd = open(path,
		      (is_other ? O_WRONLY : O_RDWR) | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
		      0666);
	int result;

	if (fd < 0)
		return fail(-errno, "cannot write the record %s: %s", path, strerror(errno));
	*writer = make_writer(fd, path);
	result = adopt_file(*writer);
	if (result < 0) {
		close(fd);
		free_writer(*writer);
		*writer = NULL;
	}
	return result;
}

int record_writer_replace(const char *path, struct record_writer **writer)
{
	int result = record_writer_open(path, writer);

	if (result < 0 || !(*writer)->is_regular)
		return result;
	if (ftruncate((*writer)->fd, 0) < 0) {
		result = fail(-errno, "cannot empty the record %s: %s", path, strerror(errno));
		close((*writer)->fd);
		free_writer(*writer);
		*writer = NULL;
		return result;
	}
	(*writer)->end = 0;
	return 0;
}

int record_write(struct record_writer *writer, const json_t *line)
{
	char *text = json_dumps(line, JSON_COMPACT | JSON_PRESERVE_ORDER);
	int result;

	if (!text)
		return fail(-EINVAL, "a line for the record %s cannot be written as JSON",
			    writer->name);
	result = record_write_text(writer, text, strlen(text));
	free(text);
	return result;
}

int record_write_text(struct record_writer *writer, const char *line, size_t size)
{
	int result = 0;

	if (writer->used > 0 && writer->used + size + 1 > BUFFER_SIZE)
		result = record_flush(writer);
	/* Taken in even so: a line is lost only when it can never be written. */
	if (writer->used + size + 1 > writer->capacity) {
		writer->capacity = writer->used + size + 1;
		writer->buffer = alloc_resize(writer->buffer, writer->capacity, 1);
	}
	memcpy(writer->buffer + writer->used, line, size);
	writer->buffer[writer->used + size] = '\n';
	writer->used += size + 1;
	return result;
}

/* Writes as much as can be: the number of bytes, with the reason in *error when it is not all. */
static size_t write_some(const struct record_writer *writer, int *error)
{
	size_t written = 0;

	*error = 0;
	while (written < writer->used) {
		ssize_t done = write(writer->fd, writer->buffer + written, writer->used - written);

		if (done >= 0) {
			written += (size_t)done;
		} else if (errno != EINTR) {
			*error = errno;
			break;
		}
	}
	return written;
}

int record_flush(struct record_writer *writer)
{
	const char *newline;
	size_t written;
	int error;

	written = write_some(writer, &error);
	if (error && writer->is_regular) {
		newline = memrchr(writer->buffer, '\n', written);
		written = newline ? (size_t)(newline - writer->buffer) + 1 : 0;
		if (ftruncate(writer->fd, writer->end + (off_t)written) < 0)
			warn("the record %s may end with part of a line", writer->name);
	}
	writer->end += (off_t)written;
	writer->used -= written;
	memmove(writer->buffer, writer->buffer + written, writer->used);
	if (error)
		return fail(-error, "cannot write the record %s: %s", writer->name,
			    strerror(error));
	return 0;
}

int record_writer_close(struct record_writer *writer)
{
	int result;

	if (!writer)
		return 0;
	result = record_flush(writer);
	/* Network file systems tell of a full disk no earlier than here. */
	if (close(writer->fd) < 0 && result == 0)
		result = fail(-errno, "cannot write the record %s: %s", writer->name,
			      strerror(errno));
	free_writer(writer);
	return result;
}
