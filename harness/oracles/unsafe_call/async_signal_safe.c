/* SPDX-License-Identifier: MIT */
/* See async_signal_safe.h. */
#include "harness/oracles/unsafe_call/async_signal_safe.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
	const char *name;
	enum safety safety;
};

static int compare(const void *name, const void *row)
{
	return strcmp(name, ((const struct row *)row)->name);
}

enum safety async_signal_safety(const char *plain)
{
	static const struct row rows[] = {/* sorted as strcmp() does */
#define X(name, edition, standing) {#name, SAFETY_##standing},
					  ASYNC_SIGNAL_SAFE(X)
#undef X
	};
	const struct row *row =
		bsearch(plain, rows, sizeof(rows) / sizeof(rows[0]), sizeof(rows[0]), compare);

	return row ? row->safety : SAFETY_UNSAFE;
}

static bool skip(const char **name, const char *prefix)
{
	const size_t length = strlen(prefix);

	if (strncmp(*name, prefix, length) != 0)
		return false;
	*name += length;
	return true;
}

/* What the C library puts before the name of a function for its own use. */
static const char *skip_prefixes(const char *name)
{
	static const char *const prefixes[] = {"_", "GI_", "libc_", "IO_", "isoc99_", "isoc23_"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]);)
		i = skip(&name, prefixes[i]) ? 0 : i + 1;
	return name;
}

/* What macros call when there is more to do. */
static const char *skip_aliases(const char *name)
{
	if (strcmp(name, "overflow") == 0)
		return "putc";
	return strcmp(name, "uflow") == 0 ? "getc" : name;
}

static bool cut(char *name, const char *suffix)
{
	const size_t length = strlen(name);
	const size_t end = strlen(suffix);

	if (length <= end || strcmp(name + length - end, suffix) != 0)
		return false;
	name[length - end] = '\0';
	return true;
}

/* What it puts behind: large files, fortified and uncancellable forms. */
static void cut_suffixes(char *name)
{
	static const char *const suffixes[] = {"_chk", "_nocancel", "_2", "64"};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]);) {
		if (async_signal_safety(name) != SAFETY_UNSAFE)
			return;
		i = cut(name, suffixes[i]) ? 0 : i + 1;
	}
}

/* The processors that an implementation is for: __memcpy_avx_unaligned_erms. */
static void cut_processor(char *name)
{
	static const char *const marks[] = {"_sse", "_ssse", "_avx", "_evex", "_erms", "_fma"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		char *mark = strstr(name, marks[i]);

		if (mark && mark != name)
			*mark = '\0';
	}
}

/* Bytes of an operator's name at the start of `text`, of those that look like brackets. */
static size_t span_operator(const char *text)
{
	static const char word[] = "operator";
	static const char *const signs[] = {"()",  "<<=", "<=>", "<<", "<=",  "<",
					    ">>=", ">>",  ">=",  ">",  "->*", "->"};
	const size_t length = sizeof(word) - 1;

	if (strncmp(text, word, length) != 0)
		return 0;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strncmp(text + length, signs[i], strlen(signs[i])) == 0)
			return length + strlen(signs[i]);
	return 0;
}

/*
 * A C++ function without its parameters and its templates' arguments, which fill lines:
 * std::vector<>::push_back, operator new.
 */
static void shorten(const char *name, char *plain, size_t size)
{
	size_t depth = 0;
	size_t used = 0;

	while (*name && used + 1 < size) {
		const size_t length = span_operator(name);

		if (length && !depth) {
			used += (size_t)snprintf(plain + used, size - used, "%.*s", (int)length,
						 name);
			name += length;
			continue;
		}
		if (*name == '(' && !depth)
			break;
		if (*name == '>' && depth)
			depth--;
		if (!depth)
			plain[used++] = *name;
		if (*name == '<')
			depth++;
		name++;
	}
	plain[used < size ? used : size - 1] = '\0';
}

void async_signal_plain_name(const char *name, char *plain, size_t size)
{
	snprintf(plain, size, "%s", name);
	if (strchr(name, '(')) {
		shorten(name, plain, size);
		return;
	}
	if (async_signal_safety(plain) != SAFETY_UNSAFE)
		return;
	snprintf(plain, size, "%s", skip_aliases(skip_prefixes(name)));
	cut_processor(plain);
	cut_suffixes(plain);
}
