/* SPDX-License-Identifier: MIT */
/*
 * From the file to its lines, and what is checked of the manifest as a whole. What each key means
 * is in manifest_keys.c.
 */
#include "harness/model/manifest.h"

#include "harness/base/alloc.h"
#include "harness/model/manifest_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_MAX_BYTES (1 << 20)

/* O_NONBLOCK: a FIFO must be refused, not waited for. */
static int open_regular(const char *path, size_t *size)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return fail(-errno, "cannot open the manifest: %s", strerror(errno));
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return fail(-EINVAL, "a manifest must be a regular file");
	}
	if (status.st_size > SIZE_MAX_BYTES) {
		close(fd);
		return fail(-EFBIG, "a manifest must not be larger than %d bytes", SIZE_MAX_BYTES);
	}
	*size = (size_t)status.st_size;
	return fd;
}

/* The whole file with a NUL after it; the caller frees *text, also after a failure. */
static int read_file(const char *path, char **text, size_t *size)
{
	size_t wanted = 0;
	ssize_t count = 1;
	int fd = open_regular(path, &wanted);

	if (fd < 0)
		return fd;
	*size = 0;
	*text = alloc_zero(wanted + 1);
	while (*size < wanted && count > 0) {
		count = read(fd, *text + *size, wanted - *size);
		if (count > 0)
			*size += (size_t)count;
	}
	if (count < 0) {
		int error = errno;

		close(fd);
		return fail(-error, "cannot read the manifest: %s", strerror(error));
	}
	close(fd);
	return 0;
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return alloc_text(".");
	if (slash == path)
		return alloc_text("/");
	return alloc_format("%.*s", (int)(slash - path), path);
}

static int check_bytes(const char *line, size_t size)
{
	for (size_t n = 0; n < size; n++) {
		unsigned char byte = (unsigned char)line[n];

		if (byte == '\r' && n + 1 == size)
			return fail(-EINVAL, "the line ends in a carriage return: "
					     "save the file with plain newlines");
		if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
			return fail(-EINVAL, "byte 0x%02x at column %zu does not belong in a text",
				    byte, n + 1);
	}
	return 0;
}

/* Cuts blanks off both ends, in place. */
static char *trim(char *text)
{
	size_t size;

	text += strspn(text, " \t");
	size = strlen(text);
	while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
		size--;
	text[size] = '\0';
	return text;
}

static int take_line(struct manifest *manifest, struct manifest_seen *seen, char *line, size_t size,
		     unsigned int number)
{
	char *colon;
	int error = check_bytes(line, size);

	if (error)
		return error;
	line = trim(line);
	if (*line == '\0' || *line == '#')
		return 0;
	colon = strchr(line, ':');
	if (!colon)
		return fail(-EINVAL, "\"%.60s\" is no `key: value`: there is no colon", line);
	*colon = '\0';
	return manifest_take(manifest, seen, trim(line), trim(colon + 1), number);
}

static int take_lines(struct manifest *manifest, struct manifest_seen *seen, char *text,
		      size_t size)
{
	char *end = text + size;
	unsigned int number = 0;

	for (char *line = text; line < end;) {
		char *stop = memchr(line, '\n', (size_t)(end - line));
		int error;

		if (!stop)
			stop = end;
		*stop = '\0';
		number++;
		error = take_line(manifest, seen, line, (size_t)(stop - line), number);
		if (error)
			return fail_prefix(error, "%s:%u: ", manifest->path, number);
		line = stop + 1;
	}
	return 0;
}

static int check_whole(const struct manifest *manifest, const struct manifest_seen *seen)
{
	if (!manifest->program.text)
		return fail(-EINVAL, "%s: there is no `program`", manifest->path);
	if (!seen->verdict)
		return fail(-EINVAL, "%s: there is no `verdict`: say good or bad", manifest->path);
	if (manifest->verdict == MANIFEST_BAD && manifest->finding_count == 0)
		return fail(-EINVAL, "%s:%u: a bad verdict needs a `finding` that must be there",
			    manifest->path, seen->verdict);
	if (manifest->verdict == MANIFEST_GOOD && manifest->finding_count > 0)
		return fail(-EINVAL, "%s:%u: a finding is declared, but the verdict is good",
			    manifest->path, manifest->findings[0].line);
	return 0;
}

static void free_list(struct manifest_list *list)
{
	for (size_t n = 0; n < list->count; n++)
		free(list->items[n].text);
	free(list->items);
}

static void free_counts(struct manifest_count *list, size_t count)
{
	for (size_t n = 0; n < count; n++)
		free(list[n].name);
	free(list);
}

static void free_texts(struct manifest *manifest)
{
	struct manifest_text *const texts[] = {
		&manifest->title,  &manifest->program, &manifest->signal,  &manifest->boundary,
		&manifest->from,   &manifest->to,      &manifest->in,      &manifest->oracles,
		&manifest->expect, &manifest->budget,  &manifest->timeout,
	};

	for (size_t n = 0; n < sizeof(texts) / sizeof(*texts); n++)
		free(texts[n]->text);
}

void manifest_free(struct manifest *manifest)
{
	free_texts(manifest);
	free_list(&manifest->arguments);
	free_list(&manifest->environment);
	free_counts(manifest->outcomes, manifest->outcome_count);
	free_counts(manifest->deliveries, manifest->delivery_count);
	for (size_t n = 0; n < manifest->need_count; n++)
		free(manifest->needs[n].text);
	for (size_t n = 0; n < manifest->finding_count; n++) {
		free(manifest->findings[n].oracle);
		free(manifest->findings[n].kind);
		free(manifest->findings[n].function);
	}
	free(manifest->needs);
	free(manifest->findings);
	free(manifest->stdin_text);
	free(manifest->path);
	free(manifest->folder);
	memset(manifest, 0, sizeof(*manifest));
}

int manifest_read(struct manifest *manifest, const char *path)
{
	struct manifest_seen seen = {0};
	char *text = NULL;
	size_t size = 0;
	int error;

	memset(manifest, 0, sizeof(*manifest));
	error = read_file(path, &text, &size);
	if (error) {
		free(text);
		return fail_prefix(error, "%s: ", path);
	}
	manifest->path = alloc_text(path);
	manifest->folder = folder_of(path);
	manifest->complete = true;
	error = take_lines(manifest, &seen, text, size);
	if (!error)
		error = check_whole(manifest, &seen);
	if (error)
		manifest_free(manifest);
	free(text);
	return error;
}

char *manifest_program(const struct manifest *manifest, const char *build)
{
	const char *name = manifest_build_name(manifest->program.text);
	char *real;
	char *program;

	if (!name)
		return alloc_text(manifest->program.text);
	/* A manifest given as "x.manifest" or "../native/x.manifest" has the same folder. */
	real = realpath(manifest->folder, NULL);
	program = alloc_format("%s/targets/%s/%s", build, basename(real ? real : manifest->folder),
			       name);
	free(real);
	return program;
}

char *manifest_argument(const struct manifest *manifest, size_t n)
{
	return manifest_beside(manifest, manifest->arguments.items[n].text);
}
