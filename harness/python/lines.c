/* SPDX-License-Identifier: MIT */
/*
 * CPython's three formats of line tables: co_lnotab (3.9), co_linetable as of 3.10 (PEP 626), and
 * the location table from 3.11 on (Objects/locations.md, PEP 657). Knows nothing of processes.
 */
#include "harness/python/private.h"

#define UNIT 2 /* bytes of a code unit */

/* Pairs of unsigned byte delta, signed line delta; a line holds until the next pair's start. */
static int find_in_lnotab(const unsigned char *table, size_t size, int line, int offset)
{
	int address = 0;

	for (size_t n = 0; n + 1 < size; n += 2) {
		address += table[n];
		if (address > offset)
			break;
		line += (signed char)table[n + 1];
	}
	return line;
}

/* Pairs of unsigned length in bytes, signed line delta; -128: this range has no line. */
static int find_in_ranges(const unsigned char *table, size_t size, int line, int offset)
{
	int address = 0;

	for (size_t n = 0; n + 1 < size; n += 2) {
		int delta = (signed char)table[n + 1];

		if (delta != -128)
			line += delta;
		address += table[n];
		if (offset < address)
			return delta == -128 ? 0 : line;
	}
	return 0;
}

/* A variable-length integer: 6 bits a byte, lowest first, 0x40: more follow. */
static unsigned int take_varint(const unsigned char *table, size_t size, size_t *n)
{
	unsigned int value = 0, shift = 0, byte = 0x40;

	while ((byte & 0x40) != 0 && *n < size && shift < 30) {
		byte = table[(*n)++];
		value |= (byte & 0x3f) << shift;
		shift += 6;
	}
	return value;
}

static int take_signed(const unsigned char *table, size_t size, size_t *n)
{
	unsigned int value = take_varint(table, size, n);

	return (value & 1) != 0 ? -(int)(value >> 1) : (int)(value >> 1);
}

/* Entries 1cccclll: form cccc, lll + 1 code units; what follows the first byte has bit 7 clear. */
static int find_in_locations(const unsigned char *table, size_t size, int line, int offset)
{
	int address = 0;

	for (size_t n = 0; n < size;) {
		unsigned int form = table[n] >> 3 & 15;
		int units = (table[n] & 7) + 1;

		n++;
		if (form == 13 || form == 14)
			line += take_signed(table, size, &n);
		else if (form >= 10 && form <= 12)
			line += (int)form - 10;
		address += units * UNIT;
		if (offset < address)
			return form == 15 ? 0 : line;
		while (n < size && (table[n] & 0x80) == 0)
			n++;
	}
	return 0;
}

int lines_find(unsigned int minor, const unsigned char *table, size_t size, int first_line,
	       int offset)
{
	if (offset < 0)
		return 0;
	if (minor >= 11)
		return find_in_locations(table, size, first_line, offset);
	if (minor == 10)
		return find_in_ranges(table, size, first_line, offset);
	return find_in_lnotab(table, size, first_line, offset);
}
