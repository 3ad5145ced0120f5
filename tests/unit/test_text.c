/* SPDX-License-Identifier: MIT */
/* What people read: the whole text of a report, word by word, and that no report can break it. */
#include "report_sample.h"

#include "reports/example.h"
#include "reports/layout.h"
#include "reports/view.h"

#include <errno.h>
#include <stdio.h>

static const struct view_settings plain = {.colour = false, .width = 80};

static char *render(const char *name, const json_t *report, const struct view_settings *settings)
{
	const struct view *view;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(view_find(name, &view), 0);
	assert_int_equal(view_show(view, report, out, settings), 0);
	fclose(out);
	return text;
}

/* Listed at the end, in short. */
static void test_benign(void **state)
{
	static const char *const lines[] = {
		SAMPLE_RUN("1"),
		SAMPLE_BASELINE,
		SAMPLE_EXAMPLE_BENIGN(STUCK_KEY, "stuck", "error", "2", "only a \\u001b[7mcache"),
		SAMPLE_TRIAL("2", "stuck",
			     ",\"benign\":\"only a \\u001b[7mcache\",\"findings\":[\"" STUCK_KEY
			     "\"]"),
		SAMPLE_TRIAL("1", "same", ""),
		SAMPLE_WALK("0", "2", SAMPLE_HASH, "the window's end", "true"),
		SAMPLE_END(""),
	};
	json_t *report = sample_report(lines, sizeof(lines) / sizeof(*lines));
	char *text = render("text", report, &plain);

	(void)state;
	assert_non_null(strstr(text, "\nbenign[end/stuck]: it ends badly at 2\n"
				     "  --> t.c:23, main, t+0x1136: nop\n"
				     "  at 1 boundary: 2\n"
				     "  declared harmless: only a \\x1b[7mcache\n"
				     "  again: sigsweep replay out.json "));
	assert_non_null(strstr(text,
			       "\nno findings\n"
			       "1 benign: declared harmless by the program, it does not count\n"
			       "complete: every eligible boundary was tried\n"));
	free(text);
	json_decref(report);
}

static void test_whole_text(void **state)
{
	static const char expected[] =
		"sigsweep 1\n"
		"  program     ./t 'a b'\n"
		"  environment LANG=C\n"
		"              TERM (not set)\n"
		"  signal      SIGINT\n"
		"  boundary    instruction\n"
		"  window      from handler to exit\n"
		"  mode        exhaustive\n"
		"  baseline    exit:0, 10 bytes on stdout, 0 on stderr\n"
		"  boundaries  90 walked, 6 eligible, 6 injected\n"
		"\n"
		"outcomes\n"
		"  same                        2  33.3%  ended as the baseline did\n"
		"  exit:3                      1  16.7%  exited with this status\n"
		"  exit:12                     1  16.7%  exited with this status\n"
		"  stuck                       2  33.3%  blocked for ever\n"
		"\n"
		"how the signal arrived\n"
		"  entered                     6 100.0%  the handler ran\n"
		"\n"
		"unknown (could not be judged, which is no pass)\n"
		"  locks: no symbols (1 trial)\n"
		"\n"
		"error[end/stuck]: it ends badly at 2\n"
		"  --> t.c:23, main, t+0x1136: nop\n"
		"  at 3 boundaries: 2-3, 5\n"
		"  interrupted at boundary 2:\n"
		"    --> #0  main (t+0x1136)\n"
		"  in the handler:\n"
		"        #0  on_int (t+0x1120)\n"
		"  at the end: stuck, blocked for ever\n"
		"  again: sigsweep replay out.json 229460b923b4\n"
		"\n"
		"warning[end/exit-status]: it ends badly at 5\n"
		"  --> t.c:23, main, t+0x1136: nop\n"
		"  at 1 boundary: 5\n"
		"  interrupted at boundary 5:\n"
		"    --> #0  main (t+0x1136)\n"
		"  in the handler:\n"
		"        #0  on_int (t+0x1120)\n"
		"  at the end: stuck, blocked for ever\n"
		"  again: sigsweep replay out.json 5341029a19ed\n"
		"\n"
		"what the copies could not preserve\n"
		"  pipe: descriptor 3 is a pipe\n"
		"\n"
		"2 findings: 1 error, 1 warning\n"
		"complete: every eligible boundary was tried\n";
	json_t *report = sample_report(sample_lines, SAMPLE_COUNT);
	char *text = render("text", report, &plain);

	(void)state;
	assert_string_equal(text, expected);
	free(text);
	json_decref(report);
}

static void test_exhaustive_is_a_claim(void **state)
{
	json_t *report = sample_report(sample_lines, SAMPLE_COUNT - 1);
	char *text = render("text", report, &plain);

	(void)state;
	assert_null(strstr(text, "exhaustive"));
	assert_null(strstr(text, "\ncomplete"));
	assert_non_null(strstr(text, "\nnot complete:\n  - the run was cut off: its record has no "
				     "end\n"));
	free(text);
	json_decref(report);
}

static void test_nothing_found(void **state)
{
	static const char *const lines[] = {SAMPLE_RUN("1"), SAMPLE_TRIAL("1", "same", "")};
	json_t *report = sample_report(lines, 2);
	char *text = render("text", report, &plain);

	(void)state;
	assert_non_null(strstr(text, "\nno findings\nnot complete:\n"));
	assert_non_null(strstr(text, "\n  boundaries  ? walked, ? eligible, 1 injected\n"));
	assert_non_null(strstr(text, "\n  baseline    none\n"));
	free(text);
	json_decref(report);
}

/* The example of the sample's first finding, for tests to change. */
static json_t *first_example(const json_t *report)
{
	const json_t *findings = json_object_get(report, "findings");

	return json_object_get(json_array_get(findings, 0), "example");
}

static void test_stack_across_the_signal_frame(void **state)
{
	json_t *report = sample_report(sample_lines, SAMPLE_COUNT);
	json_t *stack = json_loads(
		"[{\"module\":\"/lib/libc.so.6\",\"offset\":\"0x10\",\"function\":\"pause\","
		"\"file\":null,\"line\":null},"
		"{\"module\":\"/lib/libc.so.6\",\"offset\":\"0x20\",\"function\":null,"
		"\"file\":null,\"line\":null,\"signal_frame\":true},"
		"{\"module\":\"/bin/t\",\"offset\":\"0x30\",\"function\":\"main\","
		"\"file\":\"src/t.c\",\"line\":7},"
		"{\"module\":\"/bin/t\",\"offset\":\"0x40\",\"function\":null,"
		"\"file\":null,\"line\":null}]",
		0, NULL);
	char *text;

	(void)state;
	json_object_set_new(first_example(report), "end_stack", stack);
	text = render("text", report, &plain);
	assert_non_null(strstr(text, "  at the end: stuck, blocked for ever:\n"
				     "        #0  pause (libc.so.6+0x10)\n"
				     "        #1  <signal handler called>\n"
				     "    --> #2  main at t.c:7\n"
				     "        #3  t+0x40\n"));
	free(text);
	json_decref(report);
}

static void test_long_stacks_are_cut(void **state)
{
	json_t *report = sample_report(sample_lines, SAMPLE_COUNT);
	json_t *stack = json_object_get(first_example(report), "stack");
	struct layout layout = {.settings = &plain};
	char *text;
	size_t size;

	(void)state;
	for (int n = 0; n < 40; n++)
		json_array_append(stack, json_array_get(stack, 0));
	text = render("text", report, &plain);
	assert_non_null(strstr(text, "#9  main (t+0x1136)\n        ... 31 more\n"));
	free(text);
	layout.out = open_memstream(&text, &size);
	example_print(&layout, first_example(report), true);
	fclose(layout.out);
	assert_non_null(strstr(text, "#40 main (t+0x1136)\n"));
	assert_null(strstr(text, "more"));
	free(text);
	json_decref(report);
}

static void test_output_and_evidence(void **state)
{
	json_t *report = sample_report(sample_lines, SAMPLE_COUNT);
	json_t *example = first_example(report);
	char *text;

	(void)state;
	json_object_set_new(example, "phase", json_string("during"));
	json_object_set_new(example, "evidence",
			    json_pack("{s:{s:s, s:s}, s:s, s:[i, i], s:{s:s, s:s}}", "stdout",
				      "expected", "one\ntwo\nthree\n", "got", "one\ntw\x1b[31m\n",
				      "proof", "it sleeps in pause", "numbers", 1, 2, "stderr",
				      "expected", "x\n", "got", ""));
	text = render("text", report, &plain);
	assert_non_null(strstr(text, "  interrupted at boundary 2, while the system call "
				     "blocks:\n"));
	assert_non_null(strstr(text, "  stdout differs from line 2 on:\n"
				     "    expected  \"two\\n\"\n"
				     "    got       \"tw\\x1b[31m\\n\"\n"
				     "  proof: it sleeps in pause\n"
				     "  numbers: [1, 2]\n"
				     "  stderr differs from line 1 on:\n"
				     "    expected  \"x\\n\"\n"
				     "    got       (nothing more)\n"));
	free(text);
	json_decref(report);
}

static void test_text_cannot_command_the_terminal(void **state)
{
	static const char wild[] = "a\x1b]0;x\x07 \xc2\x9b"
				   "2J \xe2\x80\xae"
				   "b\x7f\n\t\r\xc3\xa9";
	char *text = layout_escape(wild, sizeof(wild) - 1);

	(void)state;
	assert_string_equal(text, "a\\x1b]0;x\\x07 \\u009b2J \\u202eb\\x7f\\n\\t\\x0d\xc3\xa9");
	free(text);
	text = layout_escape("\xff\x80\xed\xa0\x80\xc0\xaf", 7);
	assert_string_equal(text, "\\xff\\x80\\xed\\xa0\\x80\\xc0\\xaf");
	free(text);
}

/* Puts `text` in place of each string of a JSON value, whatever it is for. */
static json_t *with_all_texts(const json_t *value, const char *text)
{
	const char *name;
	json_t *copy;
	json_t *item;
	size_t n;

	if (json_is_string(value))
		return json_string(text);
	copy = json_copy((json_t *)value);
	if (json_is_array(value))
		json_array_foreach (value, n, item)
			json_array_set_new(copy, n, with_all_texts(item, text));
	if (json_is_object(value))
		json_object_foreach ((json_t *)value, name, item)
			json_object_set_new(copy, name, with_all_texts(item, text));
	return copy;
}

static void test_no_text_of_a_report_gets_through_raw(void **state)
{
	json_t *report = sample_report(sample_lines, SAMPLE_COUNT);
	json_t *wild = with_all_texts(report, "a\x1b[2J\nb\xe2\x80\xae");
	char *text = render("text", wild, &plain);

	(void)state;
	assert_null(strchr(text, '\x1b'));
	assert_null(strstr(text, "\xe2\x80\xae"));
	assert_null(strstr(text, "\nb"));
	free(text);
	json_decref(wild);
	json_decref(report);
}

static void test_fits_the_width(void **state)
{
	static const unsigned int widths[] = {60, 80, 100};
	json_t *report = sample_report(sample_lines, SAMPLE_COUNT - 3);
	json_t *findings = json_object_get(report, "findings");

	(void)state;
	json_object_set_new(json_array_get(findings, 0), "title",
			    json_string("a sentence that goes on and on about what was broken "
					"where and by whom, with caf\xc3\xa9s, until it is much "
					"wider than any terminal that it is read on, surely"));
	for (size_t n = 0; n < sizeof(widths) / sizeof(widths[0]); n++) {
		const struct view_settings settings = {.width = widths[n]};
		char *text = render("text", report, &settings);
		char *rest = text;
		char *line;

		while ((line = strsep(&rest, "\n")) != NULL) {
			if (layout_columns(line) > widths[n])
				fail_msg("wider than %u: %s", widths[n], line);
		}
		free(text);
	}
	json_decref(report);
}

/* The same words, whether painted or not. */
static void test_colours(void **state)
{
	const struct view_settings colourful = {.colour = true, .width = 80};
	json_t *report = sample_report(sample_lines, SAMPLE_COUNT);
	char *bare = render("text", report, &plain);
	char *painted = render("text", report, &colourful);
	char *out = painted;

	(void)state;
	assert_null(strchr(bare, '\x1b'));
	assert_non_null(strstr(painted, "\x1b[1;31merror[end/stuck]\x1b[0m"));
	for (const char *at = painted; *at; at++) {
		if (*at == '\x1b')
			at = strchr(at, 'm');
		else
			*out++ = *at;
	}
	*out = '\0';
	assert_string_equal(painted, bare);
	free(bare);
	free(painted);
	json_decref(report);
}

static void test_no_colours_in_files(void **state)
{
	FILE *file = tmpfile();
	struct view_settings settings;

	(void)state;
	assert_non_null(file);
	settings = view_settings_for(file);
	assert_false(settings.colour);
	assert_int_equal(settings.width, 80);
	fclose(file);
}

static void test_json_is_the_report(void **state)
{
	json_t *report = sample_report(sample_lines, SAMPLE_COUNT);
	char *text = render("json", report, &plain);
	json_t *back = json_loads(text, 0, NULL);

	(void)state;
	assert_true(json_equal(report, back));
	json_decref(back);
	json_decref(report);
	free(text);
}

static void test_unknown_view(void **state)
{
	const struct view *view = NULL;

	(void)state;
	assert_int_equal(view_find("htlm", &view), -EINVAL);
	assert_null(view);
	for (size_t n = 0; view_table[n]; n++)
		assert_non_null(strstr(fail_text(), view_table[n]->name));
}

static void test_full_device(void **state)
{
	json_t *report = sample_report(sample_lines, SAMPLE_COUNT);
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_int_equal(view_show(view_table[0], report, full, &plain), -ENOSPC);
	fclose(full);
	json_decref(report);
}

/* Replaces the n-th value of a tree, counted depth first; what is left of n. */
static size_t replace_value(json_t *tree, size_t n, json_t *value)
{
	const char *name;
	json_t *item;
	void *next;
	size_t i;

	json_array_foreach (tree, i, item) {
		if (n-- == 0) {
			json_array_set(tree, i, value);
			return SIZE_MAX;
		}
		n = replace_value(item, n, value);
		if (n == SIZE_MAX)
			return n;
	}
	json_object_foreach_safe(tree, next, name, item)
	{
		if (n-- == 0) {
			json_object_set(tree, name, value);
			return SIZE_MAX;
		}
		n = replace_value(item, n, value);
		if (n == SIZE_MAX)
			return n;
	}
	return n;
}

/* A report may come from anywhere: whatever stands where, a view prints something. */
static void test_any_member_may_be_anything(void **state)
{
	json_t *report = sample_report(sample_lines, SAMPLE_COUNT);
	json_t *values[] = {
		json_null(),   json_integer(-7), json_string("x"), json_array(),
		json_object(), json_true(),      json_real(.5),    json_pack("[n, i, {}]", 1)};

	(void)state;
	for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
		for (size_t n = 0;; n++) {
			json_t *broken = json_deep_copy(report);
			bool is_replaced = replace_value(broken, n, values[v]) == SIZE_MAX;
			char *text = render("text", broken, &plain);

			assert_true(strlen(text) > 100);
			free(text);
			json_decref(broken);
			if (!is_replaced) {
				assert_true(n > 100);
				break;
			}
		}
		json_decref(values[v]);
	}
	json_decref(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_text),
		cmocka_unit_test(test_benign),
		cmocka_unit_test(test_exhaustive_is_a_claim),
		cmocka_unit_test(test_nothing_found),
		cmocka_unit_test(test_stack_across_the_signal_frame),
		cmocka_unit_test(test_long_stacks_are_cut),
		cmocka_unit_test(test_output_and_evidence),
		cmocka_unit_test(test_text_cannot_command_the_terminal),
		cmocka_unit_test(test_no_text_of_a_report_gets_through_raw),
		cmocka_unit_test(test_fits_the_width),
		cmocka_unit_test(test_colours),
		cmocka_unit_test(test_no_colours_in_files),
		cmocka_unit_test(test_json_is_the_report),
		cmocka_unit_test(test_unknown_view),
		cmocka_unit_test(test_full_device),
		cmocka_unit_test(test_any_member_may_be_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
