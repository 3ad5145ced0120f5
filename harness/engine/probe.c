/* SPDX-License-Identifier: MIT */
/* See probe.h. */
#include "harness/engine/probe.h"

#include "harness/kernel/memory.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define REGISTER_NAME 8

/* The whole register that "%eax", "%r8d", "%sil" and the like are a part of. */
static void whole_name(const char *part, size_t length, char name[REGISTER_NAME])
{
	static const char letters[] = "abcd";

	memset(name, 0, REGISTER_NAME);
	if (length >= REGISTER_NAME || length < 2)
		return;
	memcpy(name, part, length);
	if (name[0] == 'r' && isdigit((unsigned char)name[1])) {
		/* r8d, r8w, r8b */
		if (isalpha((unsigned char)name[length - 1]))
			name[length - 1] = '\0';
		return;
	}
	if (name[0] == 'r')
		return;
	if (name[0] == 'e') {
		name[0] = 'r';
		return;
	}
	if (length == 2 && strchr(letters, name[0]) && (name[1] == 'l' || name[1] == 'x')) {
		name[3] = '\0';
		name[2] = 'x';
		name[1] = name[0];
		name[0] = 'r';
		return;
	}
	/* si, sil, di, dil, bp, bpl, sp, spl */
	memmove(name + 1, name, 2);
	name[0] = 'r';
	name[3] = '\0';
}

static bool read_register(const struct registers *registers, const char *part, size_t length,
			  uint64_t *value)
{
	char wanted[REGISTER_NAME];
	const char *name;

	whole_name(part, length, wanted);
	for (size_t i = 0; registers_each(registers, i, &name, value); i++)
		if (strcmp(name, wanted) == 0)
			return true;
	return false;
}

/* "%rax" at *text; behind it afterwards. */
static bool take_register(const struct registers *registers, const char **text, uint64_t *value)
{
	size_t length;

	if (**text != '%')
		return false;
	(*text)++;
	length = strspn(*text, "abcdefghijklmnopqrstuvwxyz0123456789");
	if (!read_register(registers, *text, length, value))
		return false;
	*text += length;
	return true;
}

/* OFFSET(%base,%index,scale), each part but the brackets left out where it is nothing. */
static int find_memory(const char *text, const struct registers *registers, uint64_t *address)
{
	uint64_t value = 0;
	char *end;

	*address = (uint64_t)strtoll(text, &end, 0);
	if (*end != '(')
		return -ENOTSUP;
	text = end + 1;
	if (*text == '%') {
		if (!take_register(registers, &text, &value))
			return -ENOTSUP;
		*address += value;
	}
	if (*text == ',') {
		unsigned long long scale = 1;

		text++;
		if (!take_register(registers, &text, &value))
			return -ENOTSUP;
		if (*text == ',') {
			scale = strtoull(text + 1, &end, 0);
			text = end;
		}
		*address += value * scale;
	}
	return *text == ')' ? 0 : -ENOTSUP;
}

/* Only `size` bytes of the register or constant are the argument's (negative: signed). */
static uint64_t cut(uint64_t value, int size)
{
	const int bits = 64 - 8 * abs(size);

	if (bits <= 0 || bits >= 64)
		return value;
	return size < 0 ? (uint64_t)((int64_t)(value << bits) >> bits) : value << bits >> bits;
}

static int read_operand(const char *text, int size, pid_t tid, const struct registers *registers,
			uint64_t *value)
{
	const size_t width = size ? (size_t)abs(size) : sizeof(*value);
	uint64_t address;
	int error;

	*value = 0;
	if (*text == '$') {
		*value = cut((uint64_t)strtoll(text + 1, NULL, 0), size);
		return 0;
	}
	if (*text == '%') {
		if (!take_register(registers, &text, value))
			return -ENOTSUP;
		*value = cut(*value, size);
		return 0;
	}
	error = find_memory(text, registers, &address);
	if (!error && width > sizeof(*value))
		error = -ENOTSUP;
	if (!error)
		error = memory_read(tid, address, value, width);
	*value = cut(*value, size);
	return error;
}

int probe_argument(const char *text, unsigned int n, pid_t tid, const struct registers *registers,
		   uint64_t *value)
{
	char operand[64];
	const char *at;
	size_t length;
	int size = 0;

	for (;; n--) {
		text += strspn(text, " ");
		length = strcspn(text, " ");
		if (length == 0)
			return -ENOENT;
		if (n == 0)
			break;
		text += length;
	}
	at = memchr(text, '@', length);
	if (at) {
		size = (int)strtol(text, NULL, 10);
		length -= (size_t)(at + 1 - text);
		text = at + 1;
	}
	if (length >= sizeof(operand))
		return -ENOTSUP;
	memcpy(operand, text, length);
	operand[length] = '\0';
	return read_operand(operand, size, tid, registers, value);
}
