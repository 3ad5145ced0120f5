/* SPDX-License-Identifier: MIT */
/*
 * From the file to its lines, and what is checked of the manifest as a whole. What each key means
 * is in manifest_keys.c.
 */
#include "harness/model/manifest.h"

#include "harness/base/alloc.h"
#include "harness/model/manifest_keys.h"
#include "harness/model/manifest_versions.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_MAX_BYTES (1 << 20)

/* One way through the lines: those for one interpreter. */
struct reading {
	struct manifest *manifest;
	struct manifest_seen seen;
	const char *interpreter;         /* NULL: none */
	struct manifest_versions *named; /* all that the file names so far */
};

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

/* Does what stands behind the `@` of a key leave the line to `interpreter`? 1, 0, -EINVAL. */
static int is_for(struct manifest_versions *named, const char *text, const char *interpreter)
{
	struct manifest_versions here = {0};
	int error = manifest_versions_add(&here, text);
	int is = manifest_versions_have(&here, interpreter);

	manifest_versions_free(&here);
	if (!error)
		error = manifest_versions_add(named, text);
	return error ? error : is;
}

static int take_line(struct reading *reading, char *line, size_t size, unsigned int number)
{
	char *colon;
	char *at;
	int is;
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
	line = trim(line);
	at = strchr(line, '@');
	if (at) {
		*at = '\0';
		if (!reading->seen.version)
			reading->seen.version = number;
		is = is_for(reading->named, at + 1, reading->interpreter);
		if (is <= 0)
			return is;
	}
	return manifest_take(reading->manifest, &reading->seen, line, trim(colon + 1), number);
}

static int take_lines(struct reading *reading, char *text, size_t size)
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
		error = take_line(reading, line, (size_t)(stop - line), number);
		if (error)
			return fail_prefix(error, "%s:%u: ", reading->manifest->path, number);
		line = stop + 1;
	}
	return 0;
}

static int check_whole(const struct reading *reading)
{
	const struct manifest *manifest = reading->manifest;
	const struct manifest_seen *seen = &reading->seen;

	if (!manifest->program.text)
		return fail(-EINVAL, "%s: there is no `program`", manifest->path);
	if (seen->version && !manifest->is_python)
		return fail(-EINVAL,
			    "%s:%u: a line for versions of CPython needs `program: python`",
			    manifest->path, seen->version);
	if (!seen->verdict && seen->version &&
	    !manifest_versions_have(reading->named, reading->interpreter))
		return 0;
	if (!seen->verdict)
		return fail(-EINVAL, "%s: there is no `verdict`%s%s: say good or bad",
			    manifest->path, seen->version ? " for CPython " : "",
			    seen->version ? reading->interpreter : "");
	if (manifest->verdict == MANIFEST_BAD && manifest->finding_count == 0)
		return fail(-EINVAL, "%s:%u: a bad verdict needs a `finding` that must be there",
			    manifest->path, seen->verdict);
	if (manifest->verdict == MANIFEST_GOOD && manifest->finding_count > 0)
		return fail(-EINVAL, "%s:%u: a finding is declared, but the verdict is good",
			    manifest->path, manifest->findings[0].line);
	return 0;
}

/* Reads the text, of which a copy is changed, and checks it for one interpreter. */
static int read_for(struct manifest *manifest, const char *path, const char *text, size_t size,
		    const char *interpreter, struct manifest_versions *named)
{
	struct reading reading = {.manifest = manifest, .interpreter = interpreter, .named = named};
	char *copy = alloc_zero(size + 1);
	int error;

	memset(manifest, 0, sizeof(*manifest));
	memcpy(copy, text, size);
	manifest->path = alloc_text(path);
	manifest->folder = folder_of(path);
	manifest->complete = true;
	error = take_lines(&reading, copy, size);
	if (!error)
		error = check_whole(&reading);
	if (error)
		manifest_free(manifest);
	free(copy);
	return error;
}

/* A line that is not for the interpreter of today must be as good as the others. */
static int check_versions(const char *path, const char *text, size_t size,
			  const struct manifest_versions *named)
{
	struct manifest_versions again = {0};
	int error = 0;

	for (size_t n = 0; !error && n < named->count; n++) {
		struct manifest manifest;

		error = read_for(&manifest, path, text, size, named->names[n], &again);
		if (!error)
			manifest_free(&manifest);
	}
	manifest_versions_free(&again);
	return error;
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
		&manifest->title,       &manifest->program, &manifest->signal,  &manifest->boundary,
		&manifest->from,        &manifest->to,      &manifest->in,      &manifest->oracles,
		&manifest->expect,      &manifest->budget,  &manifest->timeout, &manifest->status,
		&manifest->max_latency,
	};

	for (size_t n = 0; n < sizeof(texts) / sizeof(*texts); n++)
		free(texts[n]->text);
}

static void free_findings(struct manifest_finding *list, size_t count)
{
	for (size_t n = 0; n < count; n++) {
		free(list[n].oracle);
		free(list[n].kind);
		free(list[n].function);
	}
	free(list);
}

void manifest_free(struct manifest *manifest)
{
	free_texts(manifest);
	free_list(&manifest->arguments);
	free_list(&manifest->environment);
	free_counts(manifest->outcomes, manifest->outcome_count);
	free_counts(manifest->deliveries, manifest->delivery_count);
	free_counts(manifest->wents, manifest->went_count);
	for (size_t n = 0; n < manifest->need_count; n++)
		free(manifest->needs[n].text);
	free_findings(manifest->findings, manifest->finding_count);
	free_findings(manifest->benign, manifest->benign_count);
	free(manifest->needs);
	free(manifest->stdin_text);
	free(manifest->path);
	free(manifest->folder);
	memset(manifest, 0, sizeof(*manifest));
}

int manifest_read(struct manifest *manifest, const char *path, const char *interpreter)
{
	struct manifest_versions named = {0};
	char *text = NULL;
	size_t size = 0;
	int error;

	memset(manifest, 0, sizeof(*manifest));
	error = read_file(path, &text, &size);
	if (error) {
		free(text);
		return fail_prefix(error, "%s: ", path);
	}
	error = read_for(manifest, path, text, size, interpreter, &named);
	if (!error) {
		error = check_versions(path, text, size, &named);
		if (error)
			manifest_free(manifest);
	}
	manifest_versions_free(&named);
	free(text);
	return error;
}

char *manifest_built(const struct manifest *manifest, const char *build, const char *value)
{
	const char *name = manifest_build_name(value);
	char *real;
	char *path;

	if (!name)
		return manifest_beside(manifest, value);
	/* A manifest given as "x.manifest" or "../native/x.manifest" has the same folder. */
	real = realpath(manifest->folder, NULL);
	path = alloc_format("%s/targets/%s/%s", build, basename(real ? real : manifest->folder),
			    name);
	free(real);
	return path;
}

char *manifest_program(const struct manifest *manifest, const char *build, const char *python)
{
	if (manifest->is_python)
		return alloc_text(python);
	if (!manifest_build_name(manifest->program.text))
		return alloc_text(manifest->program.text);
	return manifest_built(manifest, build, manifest->program.text);
}

char *manifest_argument(const struct manifest *manifest, const char *build, size_t n)
{
	return manifest_built(manifest, build, manifest->arguments.items[n].text);
}
