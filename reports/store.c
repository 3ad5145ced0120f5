/* SPDX-License-Identifier: MIT */
/*
 * Stores a report whole or not at all: written beside its place, put on the disk, then given its
 * name. A file without a name (O_TMPFILE) vanishes by itself, even when the process is killed.
 */
#include "reports/report.h"

#include "harness/base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	const char *name;        /* as the user gave it, for messages */
	char *path;              /* symbolic links resolved */
	char *directory;         /* of the path */
	char *temporary;         /* name of the file while it has one, else NULL */
	int fd;                  /* -1: not open */
	bool exists;             /* as a regular file, to be replaced */
	bool is_written_at_once; /* a device, FIFO or standard output: nothing to replace */
};

static int cannot(const struct place *place, int error)
{
	return fail(-error, "cannot write the report %s: %s", place->name, strerror(error));
}

static void release(struct place *place)
{
	if (place->fd >= 0)
		close(place->fd);
	if (place->temporary)
		unlink(place->temporary);
	free(place->temporary);
	free(place->directory);
	free(place->path);
}

/* Where the file really goes. A dangling link is treated as a plain name that is to be replaced. */
static int look(struct place *place, const char *path)
{
	struct stat status;
	char *copy;

	*place = (struct place){.name = path, .fd = -1};
	if (strcmp(path, "-") == 0) {
		place->name = "to standard output";
		place->is_written_at_once = true;
		return 0;
	}
	if (stat(path, &status) == 0) {
		if (S_ISDIR(status.st_mode))
			return cannot(place, EISDIR);
		place->is_written_at_once = !S_ISREG(status.st_mode);
		place->exists = S_ISREG(status.st_mode);
		place->path = place->exists ? realpath(path, NULL) : alloc_text(path);
	} else {
		place->path = alloc_text(path);
	}
	if (!place->path)
		return cannot(place, errno);
	copy = alloc_text(place->path);
	place->directory = alloc_text(dirname(copy));
	free(copy);
	return 0;
}

/* A name beside the report that nobody else has. */
static char *temporary_name(const struct place *place)
{
	char *copy = alloc_text(place->path);
	char *name = alloc_format("%s/.%s.XXXXXX", place->directory, basename(copy));

	free(copy);
	return name;
}

/* For file systems without O_TMPFILE. */
static int open_named(struct place *place)
{
	mode_t mask = umask(0);
	int error;

	umask(mask);
	place->temporary = temporary_name(place);
	place->fd = mkostemp(place->temporary, O_CLOEXEC);
	if (place->fd < 0) {
		error = errno;
		free(place->temporary);
		place->temporary = NULL;
		return cannot(place, error);
	}
	if (fchmod(place->fd, 0666 & ~mask) < 0)
		return cannot(place, errno);
	return 0;
}

static int open_place(struct place *place)
{
	if (place->is_written_at_once) {
		place->fd = place->path ? open(place->path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
					: fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
		return place->fd < 0 ? cannot(place, errno) : 0;
	}
	/* Replacing it would be possible, but a file made read-only is meant to stay. */
	if (place->exists && access(place->path, W_OK) < 0)
		return cannot(place, errno);
	if (!place->directory)
		return cannot(place, ENOENT);
	place->fd = open(place->directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	if (place->fd >= 0)
		return 0;
	/* open(2): a file system or kernel that does not know the flag. */
	if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)
		return open_named(place);
	return cannot(place, errno);
}

static int write_chunk(const char *buffer, size_t size, void *context)
{
	FILE *file = context;

	return fwrite(buffer, 1, size, file) == size ? 0 : -1;
}

static int write_json(struct place *place, const json_t *report)
{
	FILE *file = fdopen(fcntl(place->fd, F_DUPFD_CLOEXEC, 0), "w");
	int result = 0;

	if (!file)
		return cannot(place, errno);
	errno = EIO;
	if (json_dump_callback(report, write_chunk, file, JSON_INDENT(1) | JSON_PRESERVE_ORDER) <
		    0 ||
	    fputc('\n', file) == EOF)
		result = cannot(place, errno);
	if (fclose(file) == EOF && result == 0)
		result = cannot(place, errno);
	return result;
}

/* Gives the file without a name one: that of the report if that is free, else one beside it. */
static int give_name(struct place *place)
{
	char unnamed[64];
	int tries = 100;

	snprintf(unnamed, sizeof(unnamed), "/proc/self/fd/%d", place->fd);
	if (linkat(AT_FDCWD, unnamed, AT_FDCWD, place->path, AT_SYMLINK_FOLLOW) == 0)
		return 1;
	while (errno == EEXIST && tries-- > 0) {
		char *name = temporary_name(place);

		/* mktemp(3)'s race does not matter: linkat(2) never replaces. */
		snprintf(name + strlen(name) - 6, 7, "%06x",
			 ((unsigned int)getpid() * 131u + (unsigned int)tries) & 0xffffff);
		if (linkat(AT_FDCWD, unnamed, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) {
			place->temporary = name;
			return 0;
		}
		free(name);
	}
	return cannot(place, errno);
}

/* On the disk first, so that a crash of the machine leaves the old file or the new one. */
static int put_in_place(struct place *place)
{
	int directory;
	int result = 0;

	if (fsync(place->fd) < 0)
		return cannot(place, errno);
	if (!place->temporary)
		result = give_name(place);
	if (result < 0)
		return result;
	if (result == 0 && rename(place->temporary, place->path) < 0)
		return cannot(place, errno);
	free(place->temporary);
	place->temporary = NULL;
	directory = open(place->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory >= 0) {
		(void)fsync(directory);
		close(directory);
	}
	return 0;
}

int report_write(const json_t *report, const char *path)
{
	struct place place;
	int result = look(&place, path);

	if (result == 0)
		result = open_place(&place);
	if (result == 0)
		result = write_json(&place, report);
	if (result == 0 && !place.is_written_at_once)
		result = put_in_place(&place);
	release(&place);
	return result;
}

int report_check_path(const char *path)
{
	struct place place;
	int result = look(&place, path);

	/* Opening a FIFO would wait for its reader. */
	if (result == 0 && !place.is_written_at_once)
		result = open_place(&place);
	release(&place);
	return result;
}
