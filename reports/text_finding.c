/* SPDX-License-Identifier: MIT */
/* A finding as compilers print an error: what, where, the story, and how to see it again. */
#include "reports/text_finding.h"

#include "harness/base/alloc.h"
#include "reports/example.h"

#include <stdlib.h>
#include <string.h>

#define MARGIN 2
#define RANGES_SHOWN 12

static const char *text_member(const json_t *object, const char *name, const char *missing)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : missing;
}

static enum paint severity_paint(const char *severity)
{
	if (strcmp(severity, "error") == 0)
		return PAINT_RED;
	return strcmp(severity, "warning") == 0 ? PAINT_YELLOW : PAINT_BLUE;
}

/* "17-20, 33, ..."; the caller frees. */
static char *ranges_text(const json_t *ranges)
{
	char *text = alloc_text("");
	const json_t *range;
	size_t n;

	json_array_foreach (ranges, n, range) {
		long long first = (long long)json_integer_value(json_array_get(range, 0));
		long long last = (long long)json_integer_value(json_array_get(range, 1));
		char *longer;

		if (n == RANGES_SHOWN)
			longer = alloc_format("%s and %zu more places", text,
					      json_array_size(ranges) - n);
		else if (first == last)
			longer = alloc_format("%s%s%lld", text, n ? ", " : "", first);
		else
			longer = alloc_format("%s%s%lld-%lld", text, n ? ", " : "", first, last);
		free(text);
		text = longer;
		if (n == RANGES_SHOWN)
			break;
	}
	return text;
}

/* The Python instruction and its line, as dis and a traceback name them. */
static void print_python(struct layout *layout, const json_t *python)
{
	const json_t *offset = json_object_get(python, "offset");
	const char *opcode = text_member(python, "opcode", NULL);
	char *place = example_python(python);

	layout_indent(layout, MARGIN);
	layout_print(layout, PAINT_BLUE, "--> ");
	layout_wrap(layout, MARGIN + 4, PAINT_PLAIN, "%s", place);
	free(place);
	if (!opcode || !json_is_integer(offset))
		return;
	layout_indent(layout, MARGIN + 4);
	layout_wrap(layout, MARGIN + 4, PAINT_PLAIN, "opcode %s at offset %lld", opcode,
		    (long long)json_integer_value(offset));
}

static void print_where(struct layout *layout, const json_t *where)
{
	const char *function = text_member(where, "function", NULL);
	const char *instruction = text_member(where, "instruction", NULL);
	const char *module = text_member(where, "module", "?");
	const char *slash = strrchr(module, '/');
	const char *file = text_member(where, "file", NULL);
	const json_t *python = json_object_get(where, "python");
	char *place = example_place(where);

	if (python)
		print_python(layout, python);
	layout_indent(layout, MARGIN);
	layout_print(layout, PAINT_BLUE, "--> ");
	if (file)
		layout_print(layout, PAINT_PLAIN, "%s, ", place);
	layout_wrap(layout, MARGIN + 4, PAINT_PLAIN, "%s%s%s+%s%s%s", function ? function : "",
		    function ? ", " : "", slash ? slash + 1 : module,
		    text_member(where, "offset", "?"), instruction ? ": " : "",
		    instruction ? instruction : "");
	free(place);
}

static void print_boundaries(struct layout *layout, const json_t *finding)
{
	json_int_t count = json_integer_value(json_object_get(finding, "count"));
	char *ranges = ranges_text(json_object_get(finding, "boundaries"));

	layout_indent(layout, MARGIN);
	layout_wrap(layout, MARGIN + 2, PAINT_PLAIN, "at %lld %s: %s", (long long)count,
		    count == 1 ? "boundary" : "boundaries", ranges);
	free(ranges);
}

/* `word` is the severity, or what stands in its place. */
static void print_title(struct layout *layout, const json_t *finding, const char *word,
			enum paint paint)
{
	layout_end_line(layout);
	layout_print(layout, paint, "%s[%s/%s]", word, text_member(finding, "oracle", "?"),
		     text_member(finding, "kind", "?"));
	layout_print(layout, PAINT_BOLD, ": ");
	layout_wrap(layout, MARGIN, PAINT_BOLD, "%s", text_member(finding, "title", "?"));
}

static void print_replay(struct layout *layout, const json_t *finding)
{
	layout_indent(layout, MARGIN);
	layout_print(layout, PAINT_FAINT, "again: ");
	/* Never broken: it is there to be copied. */
	layout_print(layout, PAINT_PLAIN, "%s", text_member(finding, "replay", "?"));
	layout_end_line(layout);
}

void text_print_finding(struct layout *layout, const json_t *finding)
{
	const char *severity = text_member(finding, "severity", "error");

	print_title(layout, finding, severity, severity_paint(severity));
	print_where(layout, json_object_get(finding, "where"));
	print_boundaries(layout, finding);
	example_print(layout, json_object_get(finding, "example"), false);
	print_replay(layout, finding);
}

void text_print_benign(struct layout *layout, const json_t *finding)
{
	print_title(layout, finding, "benign", PAINT_BLUE);
	print_where(layout, json_object_get(finding, "where"));
	print_boundaries(layout, finding);
	layout_indent(layout, MARGIN);
	layout_wrap(layout, MARGIN + 2, PAINT_PLAIN, "declared harmless: %s",
		    text_member(finding, "reason", "?"));
	print_replay(layout, finding);
}
