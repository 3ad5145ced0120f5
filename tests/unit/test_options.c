/* SPDX-License-Identifier: MIT */
/*
 * The option parser: every way to write an option, where options end, and what is said about a
 * mistake; and that help, man page and completion name every row of a table.
 */
#include "harness/base/nearest.h"
#include "harness/base/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct settings {
	int quiet;
	int verbose;
	unsigned long long jobs;
	const char *output;
};

static int set_quiet(void *settings, const char *value)
{
	assert_null(value);
	((struct settings *)settings)->quiet++;
	return 0;
}

static int set_verbose(void *settings, const char *value)
{
	assert_null(value);
	((struct settings *)settings)->verbose++;
	return 0;
}

static int set_jobs(void *settings, const char *value)
{
	return option_number(value, 1, 64, &((struct settings *)settings)->jobs);
}

static int set_output(void *settings, const char *value)
{
	((struct settings *)settings)->output = value;
	return 0;
}

static const struct option_row rows[] = {
	{"quiet", 'q', NULL, "say less", set_quiet},
	{"verbose", 'v', NULL, "say more", set_verbose},
	{"jobs", 'j', "N", "walk with N processes", set_jobs},
	{"output", 'o', "REPORT", "write the report there", set_output},
	{"format", 0, "text|html", "the view", set_output},
	{0},
};

static const struct command command = {
	.name = "try",
	.operands = "[options] -- PROGRAM [ARG...]",
	.summary = "try something",
	.description = "A paragraph that is long enough to be filled over more than a single line "
		       "of a terminal.\n\n  sigsweep try -- sort\n.not a request\n",
	.options = rows,
};

static const struct command bare = {
	.name = "bare",
	.operands = "",
	.summary = "have no options",
	.description = "Nothing.",
};

/* Splits `line` at spaces into arguments[1..] and parses it. */
static int parse_line(const char *line, struct settings *settings, bool mixed, int *first,
		      int *count, char **arguments)
{
	static char copy[256];
	char *rest = NULL;

	memset(settings, 0, sizeof(*settings));
	snprintf(copy, sizeof(copy), "%s", line);
	*count = 0;
	arguments[(*count)++] = "try";
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		arguments[(*count)++] = word;
	arguments[*count] = NULL;
	if (mixed)
		return options_parse_mixed(&command, count, arguments, settings, first);
	return options_parse(&command, *count, arguments, settings, first);
}

static int parse(const char *line, struct settings *settings, int *first)
{
	char *arguments[32];
	int count;

	return parse_line(line, settings, false, first, &count, arguments);
}

static void test_every_way_to_give_a_value(void **state)
{
	static const char *const lines[] = {"-j2", "-j 2", "--jobs=2", "--jobs 2", "-qj2", "-vj 2"};
	struct settings settings;
	int first;

	(void)state;
	for (size_t n = 0; n < sizeof(lines) / sizeof(lines[0]); n++) {
		assert_int_equal(parse(lines[n], &settings, &first), 0);
		assert_int_equal(settings.jobs, 2);
	}
	assert_int_equal(parse("-qvv", &settings, &first), 0);
	assert_int_equal(settings.quiet, 1);
	assert_int_equal(settings.verbose, 2);
	assert_int_equal(parse("--output=", &settings, &first), 0);
	assert_string_equal(settings.output, "");
	assert_int_equal(parse("-o --", &settings, &first), 0);
	assert_string_equal(settings.output, "--");
	assert_int_equal(parse("--output=a=b", &settings, &first), 0);
	assert_string_equal(settings.output, "a=b");
}

static void test_options_stop_at_the_program(void **state)
{
	static const struct {
		const char *line;
		int first;
		int count;
	} cases[] = {
		{"", 1, 1},
		{"-q", 2, 2},
		{"-q --", 3, 3},
		{"-q sort -v", 2, 4},
		{"-q -- sort -v", 3, 5},
		{"-q -- -v", 3, 4},
		{"-q - -v", 2, 4},
		{"-- -- -v", 2, 4},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		char *arguments[32];
		struct settings settings;
		int first;
		int count;

		assert_int_equal(
			parse_line(cases[n].line, &settings, false, &first, &count, arguments), 0);
		assert_int_equal(first, cases[n].first);
		assert_int_equal(count, cases[n].count);
		assert_int_equal(settings.verbose, 0);
	}
}

static void test_operands_between_options(void **state)
{
	static const char *const lines[] = {"a b -q", "-q a b", "a -q b", "a -q -- b", "-qj2 a b"};
	char *arguments[32];
	struct settings settings;
	int first;
	int count;

	(void)state;
	for (size_t n = 0; n < sizeof(lines) / sizeof(lines[0]); n++) {
		assert_int_equal(parse_line(lines[n], &settings, true, &first, &count, arguments),
				 0);
		assert_int_equal(settings.quiet, 1);
		assert_int_equal(count - first, 2);
		assert_string_equal(arguments[first], "a");
		assert_string_equal(arguments[first + 1], "b");
	}
	assert_int_equal(parse_line("a -- -q --", &settings, true, &first, &count, arguments), 0);
	assert_int_equal(settings.quiet, 0);
	assert_int_equal(count - first, 3);
	assert_string_equal(arguments[first + 1], "-q");
	assert_string_equal(arguments[first + 2], "--");
	assert_int_equal(parse_line("a --quit", &settings, true, &first, &count, arguments),
			 -EINVAL);
}

static void test_a_mistake_is_named(void **state)
{
	static const struct {
		const char *line;
		const char *says;
	} cases[] = {
		{"--job=2", "unknown option --job; did you mean --jobs?"},
		{"--outptu x", "did you mean --output?"},
		{"--QUIET", "did you mean --quiet?"},
		{"--xyzzy", "unknown option --xyzzy; \"sigsweep try --help\" lists them all"},
		{"-qx", "unknown option -x"},
		{"--quiet=1", "--quiet takes no value"},
		{"--jobs", "--jobs needs a value: --jobs N"},
		{"-j", "-j needs a value: -j N"},
		{"--jobs=0", "--jobs: \"0\" is not a whole number from 1 to 64"},
		{"-jx", "-j: \"x\" is not"},
		{"--jobs=", "--jobs: \"\" is not"},
	};
	struct settings settings;
	int first;

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		assert_int_equal(parse(cases[n].line, &settings, &first), -EINVAL);
		assert_non_null(strstr(fail_text(), cases[n].says));
	}
}

static void test_numbers(void **state)
{
	static const char *const wrong[] = {
		"", "-1", "+1", " 1", "1 ", "1x", "0x10", "65", "99999999999999999999"};
	unsigned long long number;

	(void)state;
	for (size_t n = 0; n < sizeof(wrong) / sizeof(wrong[0]); n++)
		assert_int_equal(option_number(wrong[n], 0, 64, &number), -EINVAL);
	assert_int_equal(option_number("64", 0, 64, &number), 0);
	assert_int_equal(number, 64);
	assert_int_equal(option_number("18446744073709551615", 0, ~0ULL, &number), 0);
	assert_true(number == ~0ULL);
}

static void test_times(void **state)
{
	static const char *const wrong[] = {"",    ".",   "-1",    "1e3", "inf", "nan",
					    "0x1", "1 s", "1.2.3", "ms",  "1d"};
	static const struct {
		const char *text;
		double milliseconds;
	} right[] = {
		{"1.5", 1500},  {"200ms", 200},  {"2m", 120000},
		{"10s", 10000}, {"1h", 3600000}, {"0", 0},
	};
	double seconds;

	(void)state;
	for (size_t n = 0; n < sizeof(wrong) / sizeof(wrong[0]); n++)
		assert_int_equal(option_seconds(wrong[n], &seconds), -EINVAL);
	for (size_t n = 0; n < sizeof(right) / sizeof(right[0]); n++) {
		assert_int_equal(option_seconds(right[n].text, &seconds), 0);
		assert_true(seconds * 1000 > right[n].milliseconds - 0.001);
		assert_true(seconds * 1000 < right[n].milliseconds + 0.001);
	}
}

static void test_nearest(void **state)
{
	static const char *const words[] = {"replay", "report", "run", "show"};

	(void)state;
	assert_int_equal(word_distance("", "run"), 3);
	assert_int_equal(word_distance("run", "run"), 0);
	assert_int_equal(word_distance("rnu", "run"), 1);
	assert_int_equal(word_distance("kitten", "sitting"), 3);
	assert_string_equal(word_nearest("relpay", words, 4), "replay");
	assert_string_equal(word_nearest("rep", words, 4), "replay");
	assert_string_equal(word_nearest("shwo", words, 4), "show");
	assert_null(word_nearest("bisect", words, 4));
	assert_null(word_nearest("x", words, 4));
	assert_null(word_nearest("", words, 4));
}

/* Runs `print` with standard output in a file and gives what it wrote; the caller frees. */
static char *printed(void (*print)(void))
{
	FILE *file = tmpfile();
	int saved = dup(STDOUT_FILENO);
	char *text = calloc(1, 65536);

	assert_non_null(file);
	assert_non_null(text);
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	print();
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	rewind(file);
	assert_true(fread(text, 1, 65535, file) > 0);
	fclose(file);
	return text;
}

static const struct command *const commands[] = {&command, &bare, NULL};

static void print_help(void)
{
	struct settings settings;
	int first;

	assert_int_equal(parse("-q --help --xyzzy", &settings, &first), 1);
}

static void print_man(void)
{
	options_print_man(commands);
}

static void print_completion(void)
{
	options_print_completion(commands);
}

static void test_help(void **state)
{
	char *text = printed(print_help);

	(void)state;
	assert_non_null(strstr(text, "usage: sigsweep try [options] -- PROGRAM [ARG...]\n"));
	assert_non_null(strstr(text, "\n  sigsweep try -- sort\n"));
	assert_non_null(strstr(text, "  -j, --jobs N"));
	assert_non_null(strstr(text, "      --format text|html"));
	assert_non_null(strstr(text, "  -h, --help"));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 80);
	free(text);
}

static void test_man(void **state)
{
	char *text = printed(print_man);

	(void)state;
	assert_non_null(strstr(text, "\\fB\\-j\\fR, \\fB\\-\\-jobs\\fR \\fIN\\fR\n"));
	assert_non_null(strstr(text, "\n\\&.not a request\n"));
	assert_non_null(strstr(text, ".SS bare\n"));
	for (size_t n = 0; rows[n].name; n++)
		assert_non_null(strstr(text, rows[n].help));
	free(text);
}

static void test_completion(void **state)
{
	char *text = printed(print_completion);

	(void)state;
	assert_non_null(strstr(text, "--help --version try bare"));
	assert_non_null(strstr(text, "try) options=\"--help --quiet --verbose --jobs --output"));
	assert_non_null(strstr(text, "try:--output | try:-o)"));
	assert_non_null(strstr(text, "compgen -W \"text html\""));
	free(text);
}

/* What bash makes of it: the completions of a command line. */
static void test_completion_in_bash(void **state)
{
	static const struct {
		const char *words;
		const char *gives;
	} cases[] = {
		{"sigsweep t", "try"},
		{"sigsweep try --fo", "--format"},
		{"sigsweep try --format h", "html"},
		{"sigsweep try --format = h", "html"},
		{"sigsweep bare -", "--help"},
		{"sigsweep try -q -- tru", "true"},
	};
	char path[] = "/tmp/test_options.XXXXXX";
	char *text = printed(print_completion);
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		char line[512];

		snprintf(line, sizeof(line),
			 "bash --norc -c '. %s; COMP_WORDS=(%s); "
			 "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _sigsweep; "
			 "[[ \" ${COMPREPLY[*]} \" = *\" %s \"* ]]'",
			 path, cases[n].words, cases[n].gives);
		assert_int_equal(system(line), 0);
	}
	unlink(path);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_way_to_give_a_value),
		cmocka_unit_test(test_options_stop_at_the_program),
		cmocka_unit_test(test_operands_between_options),
		cmocka_unit_test(test_a_mistake_is_named),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_man),
		cmocka_unit_test(test_completion),
		cmocka_unit_test(test_completion_in_bash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
