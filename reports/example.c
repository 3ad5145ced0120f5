/* SPDX-License-Identifier: MIT */
/* Stacks as debuggers print them, with an arrow at what was interrupted. */
#include "reports/example.h"

#include "harness/base/alloc.h"
#include "reports/outcomes.h"

#include <stdlib.h>
#include <string.h>

#define FRAMES_SHOWN 10
#define MARGIN 2
#define ARROW_COLUMN (MARGIN + 2)
#define FRAME_COLUMN (ARROW_COLUMN + 4)
#define TEXT_SHOWN 120 /* bytes of a line of output */

static const char *text_member(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static char *place_in_module(const json_t *where)
{
	const char *module = text_member(where, "module");
	const char *offset = text_member(where, "offset");

	return alloc_format("%s+%s", module ? last_part(module) : "?", offset ? offset : "?");
}

char *example_place(const json_t *where)
{
	const char *file = text_member(where, "file");
	const json_t *line = json_object_get(where, "line");

	if (file && json_is_integer(line))
		return alloc_format("%s:%lld", last_part(file),
				    (long long)json_integer_value(line));
	return place_in_module(where);
}

char *example_python(const json_t *python)
{
	const char *function = text_member(python, "function");
	const char *file = text_member(python, "file");
	const char *source = text_member(python, "source");
	const json_t *line = json_object_get(python, "line");

	if (!json_is_integer(line))
		return alloc_format("%s at %s", function ? function : "?",
				    file ? last_part(file) : "?");
	return alloc_format("%s at %s:%lld%s%s", function ? function : "?",
			    file ? last_part(file) : "?", (long long)json_integer_value(line),
			    source ? ": " : "", source ? source : "");
}

/* "main at file.c:12", "pause (libc.so.6+0xd3e21)" or "libc.so.6+0xd3e21"; the caller frees. */
static char *frame_text(const json_t *frame)
{
	const char *function = text_member(frame, "function");
	const json_t *python = json_object_get(frame, "python");
	char *place;
	char *text;

	if (python)
		return example_python(python);
	place = example_place(frame);
	if (json_is_true(json_object_get(frame, "signal_frame")))
		text = alloc_text("<signal handler called>");
	else if (!function)
		text = alloc_text(place);
	else if (text_member(frame, "file"))
		text = alloc_format("%s at %s", function, place);
	else
		text = alloc_format("%s (%s)", function, place);
	free(place);
	return text;
}

static void print_frame(struct layout *layout, const json_t *frame, size_t number, bool is_marked)
{
	char *text = frame_text(frame);

	layout_indent(layout, ARROW_COLUMN);
	if (is_marked)
		layout_print(layout, PAINT_BLUE, "-->");
	layout_indent(layout, FRAME_COLUMN);
	layout_print(layout, PAINT_FAINT, "#%zu ", number);
	if (number < 10)
		layout_print(layout, PAINT_PLAIN, " ");
	layout_wrap(layout, FRAME_COLUMN + 4, is_marked ? PAINT_BOLD : PAINT_PLAIN, "%s", text);
	free(text);
}

/* The arrow stands at the first frame where `is_marked`, and wherever a signal came in. */
static void print_stack(struct layout *layout, const json_t *stack, bool is_marked, bool full)
{
	const json_t *frame;
	size_t shown = json_array_size(stack);
	size_t n;

	if (!full && shown > FRAMES_SHOWN + 1)
		shown = FRAMES_SHOWN;
	json_array_foreach (stack, n, frame) {
		if (n == shown)
			break;
		print_frame(layout, frame, n, is_marked);
		is_marked = json_is_true(json_object_get(frame, "signal_frame"));
	}
	if (shown < json_array_size(stack)) {
		layout_indent(layout, FRAME_COLUMN);
		layout_print(layout, PAINT_FAINT, "... %zu more", json_array_size(stack) - shown);
		layout_end_line(layout);
	}
}

static void print_heading(struct layout *layout, const char *heading)
{
	layout_indent(layout, MARGIN);
	layout_wrap(layout, MARGIN + 2, PAINT_PLAIN, "%s", heading);
}

static const char *phase_meaning(const char *phase)
{
	if (phase && strcmp(phase, "before") == 0)
		return ", before the system call";
	if (phase && strcmp(phase, "during") == 0)
		return ", while the system call blocks";
	if (phase && strcmp(phase, "after") == 0)
		return ", right after the system call";
	return "";
}

static void print_stacks(struct layout *layout, const json_t *example, bool full)
{
	const json_t *stack = json_object_get(example, "stack");
	const json_t *handler_stack = json_object_get(example, "handler_stack");
	const json_t *end_stack = json_object_get(example, "end_stack");
	const char *outcome = text_member(example, "outcome");
	char *heading =
		alloc_format("interrupted at boundary %lld%s:",
			     (long long)json_integer_value(json_object_get(example, "boundary")),
			     phase_meaning(text_member(example, "phase")));

	if (json_array_size(stack) > 0) {
		print_heading(layout, heading);
		print_stack(layout, stack, true, full);
	}
	free(heading);
	if (json_array_size(handler_stack) > 0) {
		print_heading(layout, "in the handler:");
		print_stack(layout, handler_stack, false, full);
	}
	if (!outcome)
		outcome = "unknown";
	heading = alloc_format("at the end: %s%s%s%s", outcome,
			       *outcomes_meaning(outcome) ? ", " : "", outcomes_meaning(outcome),
			       json_array_size(end_stack) > 0 ? ":" : "");
	print_heading(layout, heading);
	free(heading);
	print_stack(layout, end_stack, false, full);
}

/* "label: function at file:line: source, OPCODE" */
static void print_went_place(struct layout *layout, const char *label, const json_t *python)
{
	const char *opcode = text_member(python, "opcode");
	char *place;

	if (!python)
		return;
	place = example_python(python);
	layout_indent(layout, FRAME_COLUMN);
	layout_print(layout, PAINT_FAINT, "%s: ", label);
	layout_wrap(layout, FRAME_COLUMN + 2, PAINT_PLAIN, "%s%s%s", place, opcode ? ", " : "",
		    opcode ? opcode : "");
	free(place);
}

/* What became of the signal in a CPython program. */
static void print_went(struct layout *layout, const json_t *went)
{
	const char *kind = text_member(went, "kind");
	const char *exception = text_member(went, "exception");
	const char *by = text_member(went, "by");
	const char *over = text_member(went, "over");
	char *heading;
	char *called;

	if (!kind)
		return;
	heading = alloc_format("what became of it: %s, %s%s%s%s", kind, went_meaning(kind),
			       by ? " (" : "", by ? by : "", by ? ")" : "");
	print_heading(layout, heading);
	free(heading);
	called = alloc_format("handler called%s%s in", over ? " over " : "", over ? over : "");
	print_went_place(layout, called, json_object_get(went, "entered"));
	free(called);
	print_went_place(layout, exception ? exception : "raised in",
			 json_object_get(went, "raised"));
	print_went_place(layout, "at", json_object_get(went, "at"));
}

/* Text as it is, everything else as JSON; the caller frees. */
static char *value_text(const json_t *value)
{
	char *text;
	char *copy;

	if (json_is_string(value))
		return alloc_text(json_string_value(value));
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_PRESERVE_ORDER);
	copy = alloc_text(text ? text : "?");
	free(text);
	return copy;
}

static void print_value(struct layout *layout, const char *name, const json_t *value)
{
	char *text = value_text(value);

	layout_indent(layout, MARGIN);
	layout_print(layout, PAINT_FAINT, "%s: ", name);
	layout_wrap(layout, MARGIN + 2, PAINT_PLAIN, "%s", text);
	free(text);
}

/* A lock as the lock oracle tells of it: its name and who has it. Who waits for it is at the
 * end of the trial's own story. */
static void print_lock(struct layout *layout, const json_t *lock, bool full)
{
	const char *name = text_member(lock, "name");
	const char *kind = text_member(lock, "kind");
	const char *address = text_member(lock, "address");
	const char *taken = text_member(lock, "taken");
	char *heading = alloc_format("the %s %s at %s, taken %s:", kind ? kind : "lock",
				     name ? name : "without a name", address ? address : "?",
				     taken ? taken : "");

	print_heading(layout, heading);
	print_stack(layout, json_object_get(lock, "held_by"), false, full);
	free(heading);
}

static void print_locks(struct layout *layout, const json_t *locks, bool full)
{
	const json_t *lock;
	size_t n;

	json_array_foreach (locks, n, lock) {
		if (json_array_size(json_object_get(lock, "held_by")) > 0)
			print_lock(layout, lock, full);
		else
			print_value(layout, "lock", lock);
	}
}

/* "store: work at take.c:18: mov %rax,(%rdx)": an instruction that touched a counter. */
static void print_touch(struct layout *layout, const json_t *touch)
{
	const char *role = text_member(touch, "role");
	const char *function = text_member(touch, "function");
	const char *file = text_member(touch, "file");
	const char *instruction = text_member(touch, "instruction");
	const char *address = text_member(touch, "address");
	char line[24] = "";

	if (file)
		snprintf(line, sizeof(line), ":%lld",
			 (long long)json_integer_value(json_object_get(touch, "line")));
	layout_indent(layout, MARGIN + 2);
	layout_wrap(layout, MARGIN + 4, PAINT_PLAIN, "%s: %s%s%s%s, %s%s%s",
		    role ? role : "touched", function ? function : "?", file ? " at " : "",
		    file ? file : "", line, address ? address : "?", instruction ? ": " : "",
		    instruction ? instruction : "");
}

/* A counter as the refcount oracle tells of it. */
static void print_refcount(struct layout *layout, const json_t *counter)
{
	const char *name = text_member(counter, "name");
	const char *address = text_member(counter, "address");
	const json_t *touches = json_object_get(counter, "instructions");
	const json_t *touch;
	size_t n;
	char *heading =
		alloc_format("the counter %s at %s: expected %lld, got %lld%s",
			     name ? name : "without a name", address ? address : "?",
			     (long long)json_integer_value(json_object_get(counter, "expected")),
			     (long long)json_integer_value(json_object_get(counter, "got")),
			     json_array_size(touches) ? ":" : "");

	print_heading(layout, heading);
	free(heading);
	json_array_foreach (touches, n, touch)
		print_touch(layout, touch);
}

static void print_refcounts(struct layout *layout, const json_t *refcounts)
{
	const json_t *counter;
	size_t n;

	json_array_foreach (refcounts, n, counter) {
		if (json_is_integer(json_object_get(counter, "expected")) &&
		    json_is_integer(json_object_get(counter, "got")))
			print_refcount(layout, counter);
		else
			print_value(layout, "refcount", counter);
	}
}

/* One line of output in quotes, from where the two begin to differ. */
static void print_output_line(struct layout *layout, const char *label, const char *text)
{
	size_t size = strcspn(text, "\n");

	if (text[size] == '\n')
		size++;
	if (size > TEXT_SHOWN)
		size = TEXT_SHOWN;
	layout_indent(layout, MARGIN + 2);
	layout_print(layout, PAINT_FAINT, "%-10s", label);
	if (*text)
		layout_wrap(layout, MARGIN + 12, PAINT_PLAIN, "\"%.*s\"", (int)size, text);
	else
		layout_wrap(layout, MARGIN + 12, PAINT_PLAIN, "(nothing more)");
}

/* {"expected": text, "got": text}; false when it is something else. */
static bool print_output(struct layout *layout, const char *name, const json_t *output)
{
	const char *expected = text_member(output, "expected");
	const char *got = text_member(output, "got");
	size_t line_start = 0;
	size_t line = 1;

	if (!expected || !got)
		return false;
	for (size_t n = 0; expected[n] && expected[n] == got[n]; n++) {
		if (expected[n] == '\n') {
			line_start = n + 1;
			line++;
		}
	}
	layout_indent(layout, MARGIN);
	if (strcmp(expected, got) == 0) {
		layout_wrap(layout, MARGIN + 2, PAINT_PLAIN,
			    "%s differs, but only after what was kept of it", name);
		return true;
	}
	layout_print(layout, PAINT_PLAIN, "%s differs from line %zu on:", name, line);
	layout_end_line(layout);
	print_output_line(layout, "expected", expected + line_start);
	print_output_line(layout, "got", got + line_start);
	return true;
}

static void print_evidence(struct layout *layout, const json_t *evidence)
{
	const char *name;
	json_t *value;

	if (!json_is_object(evidence)) {
		if (evidence && !json_is_null(evidence))
			print_value(layout, "evidence", evidence);
		return;
	}
	json_object_foreach ((json_t *)evidence, name, value) {
		if (json_is_object(json_array_get(value, 0)) &&
		    text_member(json_array_get(value, 0), "module")) {
			print_heading(layout, name);
			print_stack(layout, value, false, false);
		} else if (!print_output(layout, name, value))
			print_value(layout, name, value);
	}
}

#define REGISTERS_IN_LINE 2

static void print_registers(struct layout *layout, const json_t *registers)
{
	const char *name;
	json_t *value;
	size_t n = 0;

	if (json_object_size(registers) == 0)
		return;
	print_heading(layout, "registers at the boundary:");
	json_object_foreach ((json_t *)registers, name, value) {
		unsigned int start = MARGIN + 2 + (unsigned int)(n % REGISTERS_IN_LINE) * 36;
		char *text = value_text(value);

		layout_indent(layout, start);
		layout_print(layout, PAINT_FAINT, "%s", name);
		layout_indent(layout, start + 10);
		layout_print(layout, PAINT_PLAIN, "%s", text);
		free(text);
		if (++n % REGISTERS_IN_LINE == 0)
			layout_end_line(layout);
	}
	if (n % REGISTERS_IN_LINE != 0)
		layout_end_line(layout);
}

void example_print(struct layout *layout, const json_t *example, bool full)
{
	static const char *const values[] = {"exception", "latency"};

	print_stacks(layout, example, full);
	print_went(layout, json_object_get(example, "went"));
	(void)print_output(layout, "output", json_object_get(example, "output"));
	print_locks(layout, json_object_get(example, "locks"), full);
	print_refcounts(layout, json_object_get(example, "refcounts"));
	for (size_t n = 0; n < sizeof(values) / sizeof(*values); n++) {
		const json_t *value = json_object_get(example, values[n]);

		if (value && !json_is_null(value))
			print_value(layout, values[n], value);
	}
	print_evidence(layout, json_object_get(example, "evidence"));
	if (full)
		print_registers(layout, json_object_get(example, "registers"));
}
