/* SPDX-License-Identifier: MIT */
/*
 * The memory of the latest failure. Static storage, so that reporting "out of memory" needs none.
 */
#include "harness/base/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char latest[4096];

int fail(int code, const char *format, ...)
{
	char text[sizeof(latest)];
	va_list arguments;

	/* Through a copy, since an argument may be the latest sentence itself. */
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	memcpy(latest, text, sizeof(latest));
	return code;
}

int fail_prefix(int code, const char *format, ...)
{
	char text[sizeof(latest)];
	va_list arguments;
	int used;

	va_start(arguments, format);
	used = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (used >= 0 && (size_t)used < sizeof(text))
		snprintf(text + used, sizeof(text) - (size_t)used, "%s", latest);
	memcpy(latest, text, sizeof(latest));
	return code;
}

const char *fail_text(void)
{
	return latest;
}

const char *fail_reason(int error)
{
	return *latest ? latest : strerror(-error);
}

void fail_clear(void)
{
	latest[0] = '\0';
}

void warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("sigsweep: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}
