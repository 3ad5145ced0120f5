/* SPDX-License-Identifier: MIT */
/*
 * Finds the interpreter in a process and its version, from what every build exports dynamically.
 * Knows nothing of the interpreter's structs.
 */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/python/private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCAN_STEP (256 * 1024)
#define VERSION_TEXT 16 /* "3.10.13rc1+" and its NULs fit */

static uint32_t version_hex(unsigned int minor, unsigned int micro)
{
	return 3u << 24 | minor << 16 | micro << 8;
}

/* The version in a file name: "python3.9", "libpython3.9d.so.1.0". */
static uint32_t version_of_name(const char *name)
{
	const char *found = strstr(name, "python3.");
	char *end;
	unsigned long minor;

	if (found == NULL)
		return 0;
	minor = strtoul(found + strlen("python3."), &end, 10);
	if (end == found + strlen("python3.") || minor > 99)
		return 0;
	return version_hex((unsigned int)minor, 0);
}

/* Is this PY_VERSION: a whole string "3.9.2" or "3.10.0rc1+"? Its version, or 0. */
static uint32_t version_of_text(const char *text)
{
	unsigned int minor, micro;
	int length = 0;
	size_t rest;

	if (sscanf(text, "3.%2u.%2u%n", &minor, &micro, &length) != 2 || minor < 9 || minor > 10)
		return 0;
	rest = strspn(text + length, "0123456789abcr+");
	return text[length + rest] == '\0' ? version_hex(minor, micro) : 0;
}

/*
 * The version of a program called just "python" from its string constants; only for what has no
 * Py_Version, which is 3.9 and 3.10.
 */
static uint32_t version_of_strings(const struct python_image *image, pid_t pid)
{
	char *chunk = alloc_zero(SCAN_STEP + VERSION_TEXT + 1);
	uint32_t version = 0;

	for (uint64_t at = image->start; at < image->end && version == 0; at += SCAN_STEP) {
		ssize_t got = memory_read_some(pid, at, chunk, SCAN_STEP + VERSION_TEXT);

		for (ssize_t n = 1; n + VERSION_TEXT <= got && version == 0; n++) {
			if (chunk[n - 1] == '\0' && chunk[n] == '3' && chunk[n + 1] == '.' &&
			    memchr(chunk + n, '\0', VERSION_TEXT) != NULL)
				version = version_of_text(chunk + n);
		}
	}
	free(chunk);
	return version;
}

static int find_version(struct symbols *symbols, pid_t pid, const char *name,
			struct python_image *image)
{
	uint64_t address, size, value;

	if (symbols_find_object(symbols, name, "Py_Version", &address, &size) == 0) {
		int error = read_pointer(pid, address, &value);

		if (error != 0)
			return error;
		image->version = (uint32_t)value;
		return 0;
	}
	image->version = version_of_name(name);
	if (image->version == 0)
		image->version = version_of_strings(image, pid);
	if (image->version == 0)
		return fail(-ENOTSUP, "%s: CPython of unknown version: native frames only",
			    image->path);
	return 0;
}

int python_find_image(struct symbols *symbols, pid_t pid, struct python_image *image)
{
	const struct module *module;
	uint64_t address, size;
	int error;

	memset(image, 0, sizeof(*image));
	error = symbols_find_object(symbols, NULL, "_PyRuntime", &image->runtime,
				    &image->runtime_size);
	if (error != 0)
		return error;
	module = symbols_module_at(symbols, image->runtime);
	if (module == NULL)
		return fail(-ENOENT, "no module holds CPython's _PyRuntime");
	image->start = module->start;
	image->end = module->end;
	image->bias = module->bias;
	image->path = module->path;
	error = symbols_find_object(symbols, module->name, "_PyEval_EvalFrameDefault", &image->eval,
				    &image->eval_size);
	if (error != 0)
		return error;
	/* Defined in builds with Py_REF_DEBUG only, which Py_DEBUG turns on. */
	image->is_debug = symbols_find_object(symbols, module->name, "_Py_NegativeRefcount",
					      &address, &size) == 0;
	fail_clear();
	error = find_version(symbols, pid, module->name, image);
	image->finalize = finalize_find(symbols, pid, module->name, image->version);
	looks_find(symbols, pid, module->name, image);
	return error;
}

int python_attach(struct symbols *symbols, pid_t pid, struct python **python)
{
	struct python_image image;
	int error = python_find_image(symbols, pid, &image);

	*python = NULL;
	return error == 0 ? python_open(&image, pid, python) : error;
}
