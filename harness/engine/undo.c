/* SPDX-License-Identifier: MIT */
/* The log itself: opening, appending, reading and dropping records. See undo_parts.h. */
#include "harness/engine/undo.h"

#include "harness/base/alloc.h"
#include "harness/engine/undo_parts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x31676f6c6f646e75) /* "undolog1" */
#define LOST_MAX 200                       /* sentences; a sweep that loses more has said enough */

struct header {
	uint64_t magic;
	uint64_t end;
	uint64_t last;
};

int undo_make_fd(void)
{
	int fd = memfd_create("sigsweep-undo", MFD_CLOEXEC);

	return fd >= 0 ? fd
		       : fail(-errno, "cannot make memory for the log of changed files: %s",
			      strerror(errno));
}

static int write_all(int fd, const void *bytes, size_t size, uint64_t offset)
{
	const char *from = bytes;

	while (size > 0) {
		ssize_t put = pwrite(fd, from, size, (off_t)offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return fail(put < 0 ? -errno : -EIO,
				    "cannot write to the log of changed files: %s",
				    strerror(put < 0 ? errno : EIO));
		from += put;
		offset += (uint64_t)put;
		size -= (size_t)put;
	}
	return 0;
}

static int write_header(const struct undo *undo)
{
	const struct header header = {.magic = MAGIC, .end = undo->end, .last = undo->last};

	return write_all(undo->fd, &header, sizeof(header), 0);
}

struct undo *undo_open(int log_fd)
{
	struct undo *undo = alloc_zero(sizeof(*undo));
	struct header header;

	undo->fd = log_fd;
	undo->end = sizeof(header);
	if (pread(log_fd, &header, sizeof(header), 0) == sizeof(header) && header.magic == MAGIC) {
		undo->end = header.end;
		undo->last = header.last;
	}
	return undo;
}

void undo_close(struct undo *undo)
{
	if (!undo)
		return;
	for (size_t n = 0; n < undo->lost_count; n++)
		free(undo->lost[n]);
	undo_stash_forget(undo, 0);
	free(undo->lost);
	free(undo->stashes);
	free(undo);
}

size_t undo_mark(const struct undo *undo)
{
	return undo->end;
}

/* Copies the first `size` bytes of a file into the log; what has become shorter ends in zeros. */
static int copy_data(struct undo *undo, int from, uint64_t offset, uint64_t size)
{
	char bytes[65536];
	uint64_t used = 0;
	int error = 0;

	while (used < size && !error) {
		size_t room = size - used < sizeof(bytes) ? (size_t)(size - used) : sizeof(bytes);
		ssize_t got = pread(from, bytes, room, (off_t)used);

		if (got <= 0) {
			memset(bytes, 0, room);
			got = (ssize_t)room;
		}
		error = write_all(undo->fd, bytes, (size_t)got, offset + used);
		used += (uint64_t)got;
	}
	return error;
}

int undo_append(struct undo *undo, struct undo_record *record, const char *path, const char *second,
		int data_fd, const void *data)
{
	uint64_t at = undo->end + sizeof(*record);
	int error;

	record->path_size = (uint32_t)strlen(path) + 1;
	record->second_size = second ? (uint32_t)strlen(second) + 1 : 0;
	record->size = sizeof(*record) + record->path_size + record->second_size;
	record->size += record->has_data ? record->data_size : 0;
	record->size = (record->size + 7) & ~UINT64_C(7);
	record->previous = undo->last;
	error = write_all(undo->fd, record, sizeof(*record), undo->end);
	if (!error)
		error = write_all(undo->fd, path, record->path_size, at);
	at += record->path_size;
	if (!error && second)
		error = write_all(undo->fd, second, record->second_size, at);
	at += record->second_size;
	if (!error && record->has_data)
		error = data ? write_all(undo->fd, data, record->data_size, at)
			     : copy_data(undo, data_fd, at, record->data_size);
	if (error)
		return error;
	undo->last = undo->end;
	undo->end += record->size;
	return write_header(undo);
}

static int read_at(const struct undo *undo, void *bytes, size_t size, uint64_t offset)
{
	return pread(undo->fd, bytes, size, (off_t)offset) == (ssize_t)size
		       ? 0
		       : fail(-EIO, "the log of changed files is damaged at byte %llu",
			      (unsigned long long)offset);
}

int undo_read_record(const struct undo *undo, uint64_t offset, struct undo_record *record,
		     char **path, char **second)
{
	int error = read_at(undo, record, sizeof(*record), offset);

	*path = NULL;
	*second = NULL;
	if (error)
		return error;
	*path = alloc_zero((size_t)record->path_size + 1);
	*second = alloc_zero((size_t)record->second_size + 1);
	offset += sizeof(*record);
	error = read_at(undo, *path, record->path_size, offset);
	if (!error)
		error = read_at(undo, *second, record->second_size, offset + record->path_size);
	return error;
}

int undo_drop_last(struct undo *undo, const struct undo_record *record)
{
	int error;

	undo->end = undo->last;
	undo->last = record->previous;
	error = write_header(undo);
	/* Gives large contents back; not before the header has stopped counting them. */
	if (!error && record->size > 65536)
		(void)!ftruncate(undo->fd, (off_t)undo->end);
	return error;
}

void undo_lose(struct undo *undo, const char *format, ...)
{
	char text[PATH_MAX + 256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (undo->lost_count >= LOST_MAX)
		return;
	for (size_t n = 0; n < undo->lost_count; n++) {
		if (strcmp(undo->lost[n], text) == 0)
			return;
	}
	alloc_grow((void **)&undo->lost, undo->lost_count, &undo->lost_capacity,
		   sizeof(*undo->lost));
	undo->lost[undo->lost_count++] = alloc_text(text);
}

const char *undo_lost(const struct undo *undo, size_t n)
{
	return n < undo->lost_count ? undo->lost[n] : NULL;
}

/* The records after `mark` in the order in which they were made: an array of their offsets. */
static uint64_t *list_records(const struct undo *undo, uint64_t mark, size_t *count)
{
	uint64_t *offsets = NULL;
	size_t capacity = 0;
	uint64_t offset = undo->last;

	*count = 0;
	while (offset != 0 && offset >= mark) {
		struct undo_record record;

		alloc_grow((void **)&offsets, *count, &capacity, sizeof(*offsets));
		offsets[(*count)++] = offset;
		if (read_at(undo, &record, sizeof(record), offset) < 0)
			break;
		offset = record.previous;
	}
	for (size_t n = 0; n < *count / 2; n++) {
		uint64_t swapped = offsets[n];

		offsets[n] = offsets[*count - 1 - n];
		offsets[*count - 1 - n] = swapped;
	}
	return offsets;
}

static bool is_told(char *const *paths, size_t count, const char *path)
{
	for (size_t n = 0; n < count; n++) {
		if (strcmp(paths[n], path) == 0)
			return true;
	}
	return false;
}

void undo_each(const struct undo *undo, size_t mark,
	       void (*each)(void *context, const char *path, bool before, bool now), void *context)
{
	size_t count;
	uint64_t *offsets = list_records(undo, mark, &count);
	char **told = alloc_zero((count + 1) * sizeof(*told));
	size_t told_count = 0;
	struct stat facts;

	/* The first record of a path says what was there before. */
	for (size_t n = 0; n < count; n++) {
		struct undo_record record;
		char *path;
		char *second;

		if (undo_read_record(undo, offsets[n], &record, &path, &second) == 0 &&
		    record.kind != UNDO_STASH && !is_told(told, told_count, path)) {
			each(context, path, record.kind != UNDO_ABSENT, lstat(path, &facts) == 0);
			told[told_count++] = path;
			path = NULL;
		}
		free(path);
		free(second);
	}
	for (size_t n = 0; n < told_count; n++)
		free(told[n]);
	free(told);
	free(offsets);
}
