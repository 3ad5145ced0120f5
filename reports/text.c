/* SPDX-License-Identifier: MIT */
/*
 * A report for people: what was swept, what came of it, each finding with its story, and at the
 * very end, where it is read, whether anything was left out.
 */
#include "reports/text.h"

#include "harness/base/alloc.h"
#include "reports/layout.h"
#include "reports/outcomes.h"
#include "reports/report.h"
#include "reports/text_finding.h"

#include <stdlib.h>
#include <string.h>

#define LABEL_COLUMN 2
#define VALUE_COLUMN 14

static const char *text_member(const json_t *object, const char *name, const char *missing)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : missing;
}

static json_int_t number_member(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const char *plural(json_int_t count)
{
	return count == 1 ? "" : "s";
}

/* "12", or "?" where it is not known; `text` has room for any number. */
static const char *count_text(const json_t *object, const char *name, char text[24])
{
	const json_t *value = json_object_get(object, name);

	if (json_is_integer(value))
		snprintf(text, 24, "%lld", (long long)json_integer_value(value));
	else
		strcpy(text, "?");
	return text;
}

static void print_label(struct layout *layout, const char *label)
{
	layout_indent(layout, LABEL_COLUMN);
	layout_print(layout, PAINT_FAINT, "%s", label);
	layout_indent(layout, VALUE_COLUMN);
}

static void print_heading(struct layout *layout, const char *heading)
{
	layout_end_line(layout);
	layout_print(layout, PAINT_BOLD, "%s", heading);
	layout_end_line(layout);
}

/* The command line as one could type it; the caller frees. */
static char *command_line(const json_t *argv)
{
	char *line = alloc_text("");
	const json_t *argument;
	size_t n;

	json_array_foreach (argv, n, argument) {
		const char *text = json_string_value(argument);
		char *word = report_shell_word(text ? text : "?");
		char *longer = alloc_format("%s%s%s", line, n ? " " : "", word);

		free(word);
		free(line);
		line = longer;
	}
	return line;
}

static void print_environment(struct layout *layout, const json_t *environment)
{
	const json_t *change;
	size_t n;

	json_array_foreach (environment, n, change) {
		const char *text = json_string_value(change);

		print_label(layout, n ? "" : "environment");
		layout_wrap(layout, VALUE_COLUMN + 2, PAINT_PLAIN, "%s%s", text ? text : "?",
			    text && !strchr(text, '=') ? " (not set)" : "");
	}
}

static void print_mode(struct layout *layout, const json_t *scenario, const json_t *boundaries)
{
	const char *mode = text_member(scenario, "mode", "?");

	print_label(layout, "mode");
	/* "exhaustive" is a claim, and the report must bear it. */
	if (strcmp(mode, "exhaustive") == 0 &&
	    !json_is_true(json_object_get(boundaries, "complete")))
		mode = "every boundary wanted, not every one tried (see the end)";
	layout_wrap(layout, VALUE_COLUMN, PAINT_PLAIN, "%s", mode);
}

static void print_window(struct layout *layout, const json_t *scenario)
{
	const json_t *window = json_object_get(scenario, "window");
	const char *in = text_member(window, "in", NULL);

	print_label(layout, "window");
	layout_wrap(layout, VALUE_COLUMN, PAINT_PLAIN, "from %s to %s%s%s",
		    text_member(window, "from", "?"), text_member(window, "to", "?"),
		    in ? ", in " : "", in ? in : "");
}

static void print_header(struct layout *layout, const json_t *report)
{
	const json_t *scenario = json_object_get(report, "scenario");
	char *line = command_line(json_object_get(scenario, "argv"));

	layout_print(layout, PAINT_BOLD, "%s %s",
		     text_member(json_object_get(report, "tool"), "name", "?"),
		     text_member(json_object_get(report, "tool"), "version", "?"));
	layout_end_line(layout);
	print_label(layout, "program");
	layout_wrap(layout, VALUE_COLUMN + 2, PAINT_BOLD, "%s", line);
	free(line);
	print_environment(layout, json_object_get(scenario, "environment"));
	print_label(layout, "signal");
	layout_wrap(layout, VALUE_COLUMN, PAINT_PLAIN, "%s", text_member(scenario, "signal", "?"));
	print_label(layout, "boundary");
	layout_wrap(layout, VALUE_COLUMN, PAINT_PLAIN, "%s",
		    text_member(scenario, "boundary", "?"));
	print_window(layout, scenario);
	print_mode(layout, scenario, json_object_get(report, "boundaries"));
}

static void print_baseline(struct layout *layout, const json_t *baseline)
{
	const json_t *deterministic = json_object_get(baseline, "deterministic");
	const char *sleeps = text_member(baseline, "sleeps", "");
	char out[24];
	char err[24];

	print_label(layout, "baseline");
	if (!json_is_object(baseline)) {
		layout_wrap(layout, VALUE_COLUMN, PAINT_PLAIN, "none");
		return;
	}
	layout_wrap(
		layout, VALUE_COLUMN, PAINT_PLAIN, "%s, %s bytes on stdout, %s on stderr%s%s%s%s%s",
		text_member(baseline, "outcome", "?"), count_text(baseline, "stdout_bytes", out),
		count_text(baseline, "stderr_bytes", err),
		json_is_true(json_object_get(baseline, "awaits_signal")) ? ", waits for the signal"
									 : "",
		*sleeps ? " (" : "", sleeps, *sleeps ? ")" : "",
		json_is_false(deterministic) ? ", prints something else each time" : "");
}

static void print_boundaries(struct layout *layout, const json_t *boundaries)
{
	char walked[24];
	char eligible[24];
	char injected[24];
	json_int_t represented = number_member(boundaries, "represented");
	json_int_t skipped = number_member(boundaries, "skipped");
	char *more = alloc_text("");

	if (represented > 0 || skipped > 0) {
		free(more);
		more = alloc_format(", %lld represented, %lld skipped", (long long)represented,
				    (long long)skipped);
	}
	print_label(layout, "boundaries");
	layout_wrap(layout, VALUE_COLUMN, PAINT_PLAIN, "%s walked, %s eligible, %s injected%s",
		    count_text(boundaries, "walked", walked),
		    count_text(boundaries, "eligible", eligible),
		    count_text(boundaries, "injected", injected), more);
	free(more);
}

static void print_counts(struct layout *layout, const char *heading, const json_t *counts,
			 const char *(*meaning)(const char *name))
{
	const char *name;
	json_t *value;
	json_int_t total = 0;

	if (json_object_size(counts) == 0)
		return;
	json_object_foreach ((json_t *)counts, name, value)
		total += json_integer_value(value);
	print_heading(layout, heading);
	json_object_foreach ((json_t *)counts, name, value) {
		json_int_t count = json_integer_value(value);

		layout_indent(layout, LABEL_COLUMN);
		layout_print(layout, PAINT_PLAIN, "%-18s %10lld %5.1f%%  ", name, (long long)count,
			     total ? 100.0 * (double)count / (double)total : 0.0);
		layout_wrap(layout, layout->column, PAINT_FAINT, "%s", meaning(name));
	}
}

static void print_unknown(struct layout *layout, const json_t *unknown)
{
	const json_t *row;
	size_t n;

	if (json_array_size(unknown) == 0)
		return;
	print_heading(layout, "unknown (could not be judged, which is no pass)");
	json_array_foreach (unknown, n, row) {
		json_int_t count = number_member(row, "count");

		layout_indent(layout, LABEL_COLUMN);
		layout_wrap(layout, LABEL_COLUMN + 2, PAINT_PLAIN, "%s: %s (%lld trial%s)",
			    text_member(row, "oracle", "?"), text_member(row, "reason", "?"),
			    (long long)count, plural(count));
	}
}

static void print_fidelity(struct layout *layout, const json_t *fidelity)
{
	const json_t *row;
	size_t n;

	if (json_array_size(fidelity) == 0)
		return;
	print_heading(layout, "what the copies could not preserve");
	json_array_foreach (fidelity, n, row) {
		layout_indent(layout, LABEL_COLUMN);
		layout_wrap(layout, LABEL_COLUMN + 2, PAINT_PLAIN, "%s: %s",
			    text_member(row, "kind", "?"), text_member(row, "text", "?"));
	}
}

static size_t count_severity(const json_t *findings, const char *severity)
{
	const json_t *finding;
	size_t count = 0;
	size_t n;

	json_array_foreach (findings, n, finding)
		count += strcmp(text_member(finding, "severity", ""), severity) == 0;
	return count;
}

static void print_sum(struct layout *layout, const json_t *findings)
{
	static const char *const severities[] = {"error", "warning", "note"};
	size_t total = json_array_size(findings);
	const char *separator = ": ";

	layout_end_line(layout);
	if (total == 0) {
		layout_print(layout, PAINT_GREEN, "no findings");
		layout_end_line(layout);
		return;
	}
	layout_print(layout, PAINT_RED, "%zu finding%s", total, plural((json_int_t)total));
	for (size_t n = 0; n < sizeof(severities) / sizeof(*severities); n++) {
		size_t count = count_severity(findings, severities[n]);

		if (count == 0)
			continue;
		layout_print(layout, PAINT_PLAIN, "%s%zu %s%s", separator, count, severities[n],
			     plural((json_int_t)count));
		separator = ", ";
	}
	layout_end_line(layout);
}

/* What does not count is said even so. */
static void print_benign_sum(struct layout *layout, const json_t *benign)
{
	const size_t count = json_array_size(benign);

	if (count == 0)
		return;
	layout_print(layout, PAINT_BLUE, "%zu benign", count);
	layout_wrap(layout, LABEL_COLUMN, PAINT_PLAIN,
		    ": declared harmless by the program, %s not count",
		    count == 1 ? "it does" : "they do");
}

static void print_completeness(struct layout *layout, const json_t *boundaries)
{
	const json_t *reasons = json_object_get(boundaries, "why_incomplete");
	const json_t *reason;
	json_int_t eligible = number_member(boundaries, "eligible");
	size_t n;

	if (json_is_true(json_object_get(boundaries, "complete"))) {
		layout_print(layout, PAINT_GREEN, "complete: ");
		layout_wrap(layout, LABEL_COLUMN, PAINT_PLAIN, "%s eligible boundary was tried%s",
			    eligible == 1 ? "the one" : "every",
			    number_member(boundaries, "represented") > 0
				    ? ", or is represented by one proved equivalent"
				    : "");
		return;
	}
	layout_print(layout, PAINT_YELLOW, "not complete:");
	layout_end_line(layout);
	json_array_foreach (reasons, n, reason) {
		const char *text = json_string_value(reason);

		layout_indent(layout, LABEL_COLUMN);
		layout_wrap(layout, LABEL_COLUMN + 2, PAINT_PLAIN, "- %s", text ? text : "?");
	}
}

static void render(const json_t *report, FILE *out, const struct view_settings *settings)
{
	struct layout layout = {.out = out, .settings = settings};
	const json_t *findings = json_object_get(report, "findings");
	const json_t *benign = json_object_get(report, "benign");
	const json_t *finding;
	size_t n;

	print_header(&layout, report);
	print_baseline(&layout, json_object_get(report, "baseline"));
	print_boundaries(&layout, json_object_get(report, "boundaries"));
	print_counts(&layout, "outcomes", json_object_get(report, "outcomes"), outcomes_meaning);
	print_counts(&layout, "how the signal arrived", json_object_get(report, "delivery"),
		     deliveries_meaning);
	print_counts(&layout, "what became of the signal", json_object_get(report, "went"),
		     went_meaning);
	print_unknown(&layout, json_object_get(report, "unknown"));
	json_array_foreach (findings, n, finding)
		text_print_finding(&layout, finding);
	json_array_foreach (benign, n, finding)
		text_print_benign(&layout, finding);
	print_fidelity(&layout, json_object_get(report, "fidelity"));
	print_sum(&layout, findings);
	print_benign_sum(&layout, benign);
	print_completeness(&layout, json_object_get(report, "boundaries"));
}

const struct view text_view = {
	.name = "text",
	.help = "for people to read (the default)",
	.render = render,
};
