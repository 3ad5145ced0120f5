/* SPDX-License-Identifier: MIT */
/* See alloc.h. */
#include "harness/base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void out_of_memory(void)
{
	static const char text[] = "sigsweep: out of memory\n";

	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(3);
}

void *alloc_zero(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory)
		out_of_memory();
	return memory;
}

void *alloc_resize(void *memory, size_t count, size_t size)
{
	memory = reallocarray(memory, count ? count : 1, size ? size : 1);
	if (!memory)
		out_of_memory();
	return memory;
}

char *alloc_text(const char *text)
{
	char *copy;

	if (!text)
		return NULL;
	copy = strdup(text);
	if (!copy)
		out_of_memory();
	return copy;
}

char *alloc_format(const char *format, ...)
{
	va_list arguments;
	char *text;
	int used;

	va_start(arguments, format);
	used = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (used < 0)
		out_of_memory();
	return text;
}

void alloc_grow(void **memory, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return;
	*capacity = *capacity ? *capacity * 2 : 8;
	*memory = alloc_resize(*memory, *capacity, size);
}
