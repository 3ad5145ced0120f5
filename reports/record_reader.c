/* SPDX-License-Identifier: MIT */
/* Reads a record line by line, however it ended. */
#include "reports/record.h"

#include "harness/base/alloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct record_reader {
	FILE *file;
	char *path;
	char *line;
	size_t capacity;
	uint64_t number; /* of the latest line, from 1 */
	char *note;
};

int record_reader_open(const char *path, struct record_reader **reader)
{
	FILE *file = fopen(path, "re");
	struct stat status;

	if (!file)
		return fail(-errno, "cannot read the record %s: %s", path, strerror(errno));
	if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) {
		fclose(file);
		return fail(-EISDIR, "cannot read the record %s: it is a directory", path);
	}
	*reader = alloc_zero(sizeof(**reader));
	(*reader)->file = file;
	(*reader)->path = alloc_text(path);
	return 0;
}

int record_reader_fail(const struct record_reader *reader, int code)
{
	return fail_prefix(code, "%s:%llu: ", reader->path, (unsigned long long)reader->number);
}

static int check_line(const struct record_reader *reader, size_t size)
{
	const char *line = reader->line;

	if (size >= 2 && line[0] == '{' && line[size - 1] == '}' && !memchr(line, '\0', size))
		return 0;
	fail(-EINVAL, "no line of a record: it should be one JSON object");
	return record_reader_fail(reader, -EINVAL);
}

int record_reader_next(struct record_reader *reader, const char **line, size_t *size)
{
	ssize_t got;
	int result;

	errno = 0;
	got = getline(&reader->line, &reader->capacity, reader->file);
	if (got < 0 && (ferror(reader->file) || errno == ENOMEM))
		return fail(-EIO, "cannot read the record %s: %s", reader->path, strerror(errno));
	if (got <= 0)
		return 0;
	reader->number++;
	if (reader->line[got - 1] != '\n') {
		free(reader->note);
		reader->note =
			alloc_format("%s:%llu: the last line is not finished and was left out",
				     reader->path, (unsigned long long)reader->number);
		return 0;
	}
	reader->line[got - 1] = '\0';
	result = check_line(reader, (size_t)got - 1);
	if (result < 0)
		return result;
	*line = reader->line;
	*size = (size_t)got - 1;
	return 1;
}

const char *record_reader_note(const struct record_reader *reader)
{
	return reader->note;
}

void record_reader_close(struct record_reader *reader)
{
	if (!reader)
		return;
	fclose(reader->file);
	free(reader->path);
	free(reader->line);
	free(reader->note);
	free(reader);
}
