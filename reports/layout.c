/* SPDX-License-Identifier: MIT */
/* See layout.h. One code point counts as one column: names and paths seldom hold wider ones. */
#include "reports/layout.h"

#include "harness/base/alloc.h"
#include "harness/base/utf8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ECMA-48 "select graphic rendition". */
static const char *const paint_codes[] = {
	[PAINT_PLAIN] = "",    [PAINT_BOLD] = "1",      [PAINT_FAINT] = "2",
	[PAINT_RED] = "1;31",  [PAINT_YELLOW] = "1;33", [PAINT_GREEN] = "1;32",
	[PAINT_BLUE] = "1;34",
};

static uint32_t code_point(const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;

	switch (length) {
	case 1:
		return bytes[0];
	case 2:
		return (bytes[0] & 0x1fu) << 6 | (bytes[1] & 0x3fu);
	case 3:
		return (bytes[0] & 0x0fu) << 12 | (bytes[1] & 0x3fu) << 6 | (bytes[2] & 0x3fu);
	default:
		return (bytes[0] & 0x07u) << 18 | (bytes[1] & 0x3fu) << 12 |
		       (bytes[2] & 0x3fu) << 6 | (bytes[3] & 0x3fu);
	}
}

/* Characters that make a line look like another one (Unicode Standard Annex 9, table 1). */
static bool reorders(uint32_t point)
{
	return point == 0x061c || (point >= 0x200e && point <= 0x200f) ||
	       (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

/* Writes the escape for a character to `out` (at most 6 bytes and the NUL), or nothing when it may
 * be printed as it is. */
static int escape_one(char *out, const char *text, size_t length)
{
	uint32_t point = length ? code_point(text, length) : (unsigned char)*text;

	if (point == '\n')
		return sprintf(out, "\\n");
	if (point == '\t')
		return sprintf(out, "\\t");
	if (point < 0x20 || point == 0x7f || length == 0)
		return sprintf(out, "\\x%02x", (unsigned int)point);
	if ((point >= 0x80 && point < 0xa0) || reorders(point))
		return sprintf(out, "\\u%04x", (unsigned int)point);
	return 0;
}

char *layout_escape(const char *text, size_t size)
{
	char *escaped = alloc_resize(NULL, size + 2, 6);
	char *out = escaped;

	while (size > 0) {
		size_t length = utf8_sequence(text, size);
		size_t taken = length ? length : 1;
		int written = escape_one(out, text, length);

		if (written == 0) {
			memcpy(out, text, taken);
			written = (int)taken;
		}
		out += written;
		text += taken;
		size -= taken;
	}
	*out = '\0';
	return escaped;
}

static unsigned int count_columns(const char *text, size_t size)
{
	unsigned int columns = 0;

	for (size_t n = 0; n < size; n++)
		columns += ((unsigned char)text[n] & 0xc0) != 0x80;
	return columns;
}

unsigned int layout_columns(const char *text)
{
	char *escaped = layout_escape(text, strlen(text));
	unsigned int columns = count_columns(escaped, strlen(escaped));

	free(escaped);
	return columns;
}

static void put(struct layout *layout, enum paint paint, const char *text, size_t size)
{
	bool painted = layout->settings->colour && paint != PAINT_PLAIN;

	if (painted)
		fprintf(layout->out, "\x1b[%sm", paint_codes[paint]);
	fwrite(text, 1, size, layout->out);
	if (painted)
		fputs("\x1b[0m", layout->out);
	layout->column += count_columns(text, size);
}

/* The formatted text, escaped; the caller frees. */
static char *format_text(const char *format, va_list arguments)
{
	char *text = NULL;
	char *escaped;

	if (vasprintf(&text, format, arguments) < 0)
		return alloc_text("?");
	escaped = layout_escape(text, strlen(text));
	free(text);
	return escaped;
}

void layout_print(struct layout *layout, enum paint paint, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = format_text(format, arguments);
	va_end(arguments);
	put(layout, paint, text, strlen(text));
	free(text);
}

void layout_wrap(struct layout *layout, unsigned int indent, enum paint paint, const char *format,
		 ...)
{
	bool at_start = true;
	const char *word;
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = format_text(format, arguments);
	va_end(arguments);
	for (word = text; *word; word += strspn(word, " ")) {
		size_t size = strcspn(word, " ");
		unsigned int columns = count_columns(word, size);

		if (!at_start && layout->column + 1 + columns > layout->settings->width) {
			layout_end_line(layout);
			layout_indent(layout, indent);
		} else if (!at_start) {
			put(layout, PAINT_PLAIN, " ", 1);
		}
		put(layout, paint, word, size);
		word += size;
		at_start = false;
	}
	free(text);
	layout_end_line(layout);
}

void layout_indent(struct layout *layout, unsigned int column)
{
	while (layout->column < column) {
		fputc(' ', layout->out);
		layout->column++;
	}
}

void layout_end_line(struct layout *layout)
{
	fputc('\n', layout->out);
	layout->column = 0;
}
