/* SPDX-License-Identifier: MIT */
/* The report: what it says, when it calls itself complete, how it is stored and read back. */
#include "report_sample.h"

#include "harness/base/alloc.h"
#include "reports/load.h"
#include "reports/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char folder[] = "/tmp/sigsweep-report-XXXXXX";
static char path[128];
static bool without_tmpfile;

/* In place of the C library's: file systems without O_TMPFILE are hard to come by.
 * NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int open(const char *name, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	if (without_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, name, flags, mode);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/out.json", folder);
	return 0;
}

static int count_files(void)
{
	DIR *directory = opendir(folder);
	int count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count - 2;
}

/* Whatever a test was about, it leaves nothing but the report behind. */
static int empty_folder(void **state)
{
	int files = count_files();

	(void)state;
	without_tmpfile = false;
	if (unlink(path) == 0)
		files--;
	return files == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static char *get_file(const char *name)
{
	FILE *file = fopen(name, "r");
	char *text = alloc_zero(1 << 20);

	assert_non_null(file);
	assert_true(fread(text, 1, (1 << 20) - 1, file) < (1 << 20) - 1);
	fclose(file);
	return text;
}

static void put_file(const char *text, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	fclose(file);
}

static json_t *complete_report(void)
{
	return sample_report(sample_lines, SAMPLE_COUNT);
}

static const char *text_at(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	assert_non_null(text);
	return text;
}

static void test_members_in_order(void **state)
{
	static const char *const names[] = {
		"schema",   "tool",       "host",     "scenario", "modules",
		"baseline", "boundaries", "outcomes", "unknown",  "delivery",
		"went",     "findings",   "benign",   "fidelity", "timing",
	};
	json_t *report = complete_report();
	const char *name;
	json_t *value;
	size_t n = 0;

	(void)state;
	json_object_foreach (report, name, value)
		assert_string_equal(name, names[n++]);
	assert_int_equal(n, sizeof(names) / sizeof(names[0]));
	assert_string_equal(text_at(report, "schema"), "sigsweep/report/1");
	json_decref(report);
}

static void test_outcomes_in_order(void **state)
{
	static const char *const names[] = {"same", "exit:3", "exit:12", "stuck"};
	json_t *report = complete_report();
	const char *name;
	json_t *value;
	size_t n = 0;

	(void)state;
	json_object_foreach (json_object_get(report, "outcomes"), name, value)
		assert_string_equal(name, names[n++]);
	assert_int_equal(n, 4);
	json_decref(report);
}

static void test_findings(void **state)
{
	json_t *report = complete_report();
	const json_t *findings = json_object_get(report, "findings");
	const json_t *first = json_array_get(findings, 0);
	const json_t *second = json_array_get(findings, 1);
	char id[REPORT_ID_SIZE];
	char replay[100];
	json_t *ranges = json_pack("[[i, i], [i, i]]", 2, 3, 5, 5);

	(void)state;
	assert_int_equal(json_array_size(findings), 2);
	assert_string_equal(text_at(first, "severity"), "error");
	assert_string_equal(text_at(second, "severity"), "warning");
	assert_int_equal(json_integer_value(json_object_get(first, "count")), 3);
	assert_true(json_equal(json_object_get(first, "boundaries"), ranges));
	assert_string_equal(text_at(first, "title"), "it ends badly at 2");
	report_finding_id(STUCK_KEY, id);
	assert_string_equal(text_at(first, "id"), id);
	snprintf(replay, sizeof(replay), "sigsweep replay out.json %s", id);
	assert_string_equal(text_at(first, "replay"), replay);
	json_decref(ranges);
	json_decref(report);
}

static void test_finding_without_its_example(void **state)
{
	static const char *const lines[] = {
		SAMPLE_RUN("1"),
		SAMPLE_TRIAL("3", "stuck", ",\"findings\":[\"end/stuck/t:main/x\"]"),
	};
	json_t *report = sample_report(lines, 2);
	const json_t *finding = json_array_get(json_object_get(report, "findings"), 0);

	(void)state;
	assert_string_equal(text_at(finding, "oracle"), "end");
	assert_string_equal(text_at(finding, "kind"), "stuck");
	assert_string_equal(text_at(finding, "severity"), "error");
	assert_non_null(strstr(text_at(finding, "title"), "end/stuck/t:main/x"));
	json_decref(report);
}

/* The same key counts at one boundary and is declared harmless at others, for two reasons. */
static const char *const benign_lines[] = {
	SAMPLE_RUN("1"),
	SAMPLE_EXAMPLE_BENIGN(STUCK_KEY, "stuck", "error", "2", "a \\\"b\\\""),
	SAMPLE_TRIAL("2", "stuck", ",\"benign\":\"a \\\"b\\\"\",\"findings\":[\"" STUCK_KEY "\"]"),
	SAMPLE_EXAMPLE(STUCK_KEY, "stuck", "error", "3"),
	SAMPLE_TRIAL("3", "stuck", ",\"findings\":[\"" STUCK_KEY "\"]"),
	SAMPLE_TRIAL("4", "stuck", ",\"benign\":\"c\",\"findings\":[\"" STUCK_KEY "\"]"),
	SAMPLE_TRIAL("5", "stuck", ",\"benign\":\"c\",\"findings\":[\"" STUCK_KEY "\"]"),
	SAMPLE_TRIAL("6", "same", ",\"benign\":\"c\""),
};

static json_t *benign_report(bool backwards)
{
	const size_t count = sizeof(benign_lines) / sizeof(*benign_lines);
	const char *lines[sizeof(benign_lines) / sizeof(*benign_lines)];

	for (size_t n = 0; n < count; n++)
		lines[n] = benign_lines[backwards && n ? count - n : n];
	return sample_report(lines, count);
}

static void test_benign_does_not_count(void **state)
{
	json_t *report = benign_report(false);
	json_t *other = benign_report(true);
	const json_t *findings = json_object_get(report, "findings");
	const json_t *benign = json_object_get(report, "benign");
	const json_t *first = json_array_get(benign, 0);
	const json_t *second = json_array_get(benign, 1);
	const json_t *found;
	json_t *ranges = json_pack("[[i, i]]", 3, 3);
	json_t *later = json_pack("[[i, i]]", 4, 5);

	(void)state;
	assert_int_equal(json_array_size(findings), 1);
	assert_true(json_equal(json_object_get(json_array_get(findings, 0), "boundaries"), ranges));
	assert_string_equal(text_at(json_array_get(findings, 0), "title"), "it ends badly at 3");
	assert_null(json_object_get(json_array_get(findings, 0), "reason"));
	assert_int_equal(json_array_size(benign), 2);
	assert_string_equal(text_at(first, "reason"), "a \"b\"");
	assert_string_equal(text_at(first, "title"), "it ends badly at 2");
	assert_string_equal(text_at(second, "reason"), "c");
	assert_string_equal(text_at(second, "oracle"), "end");
	assert_string_equal(text_at(second, "kind"), "stuck");
	assert_string_equal(text_at(second, "title"),
			    STUCK_KEY " (the record holds no example of it)");
	assert_true(json_equal(json_object_get(second, "boundaries"), later));
	assert_string_not_equal(text_at(first, "id"), text_at(second, "id"));
	assert_int_equal(report_find(report, text_at(second, "id"), &found), 0);
	assert_ptr_equal(found, second);
	assert_true(json_equal(report, other));
	json_decref(ranges);
	json_decref(later);
	json_decref(other);
	json_decref(report);
}

/* FNV-1a of "" and "a" (the authors' test vectors), folded to 48 bits by hand. */
static void test_id_never_changes(void **state)
{
	char id[REPORT_ID_SIZE];

	(void)state;
	report_finding_id("", id);
	assert_string_equal(id, "9ce48422e8d7");
	report_finding_id("a", id);
	assert_string_equal(id, "dc4c860143ef");
}

static void test_no_run_no_report(void **state)
{
	struct aggregate *aggregate = aggregate_new();
	json_t *report;

	(void)state;
	assert_int_equal(report_build(aggregate, "x", &report), -EINVAL);
	aggregate_free(aggregate);
}

/* The reasons of a record that is the sample with one line replaced (NULL: left out). */
static json_t *reasons_with(size_t at, const char *line, json_t **boundaries)
{
	const char *lines[SAMPLE_COUNT];
	json_t *report;
	json_t *reasons;

	memcpy(lines, sample_lines, sizeof(lines));
	lines[at] = line;
	report = sample_report(lines, SAMPLE_COUNT);
	*boundaries = json_incref(json_object_get(report, "boundaries"));
	reasons = json_object_get(*boundaries, "why_incomplete");
	json_decref(report);
	return reasons;
}

static void test_complete(void **state)
{
	json_t *boundaries;
	json_t *reasons = reasons_with(0, sample_lines[0], &boundaries);

	(void)state;
	assert_int_equal(json_array_size(reasons), 0);
	assert_true(json_is_true(json_object_get(boundaries, "complete")));
	assert_int_equal(json_integer_value(json_object_get(boundaries, "walked")), 90);
	assert_int_equal(json_integer_value(json_object_get(boundaries, "eligible")), 6);
	assert_int_equal(json_integer_value(json_object_get(boundaries, "injected")), 6);
	assert_string_equal(text_at(boundaries, "path_hash"), SAMPLE_HASH);
	json_decref(boundaries);
}

enum sample_line {
	LINE_RUN = 0,
	LINE_BASELINE = 1,
	LINE_FIRST_TRIAL = 5,
	LINE_LAST_TRIAL = 13,
	LINE_FIRST_WALK = 14,
	LINE_END = 16
};

static void test_every_rule_of_completeness(void **state)
{
	static const struct {
		enum sample_line at;
		const char *line;
		const char *reason; /* the whole sentence */
	} rules[] = {
		{LINE_BASELINE, NULL, "there is no baseline"},
		{LINE_END, NULL, "the run was cut off: its record has no end"},
		{LINE_END, SAMPLE_END("\"the sweep was interrupted\""),
		 "the sweep was interrupted"},
		{LINE_FIRST_WALK, NULL, "1 of 2 jobs did not come to the end of the walk"},
		{LINE_RUN, SAMPLE_RUN("3"), "1 of 3 jobs did not come to the end of the walk"},
		{LINE_FIRST_WALK,
		 SAMPLE_WALK("0", "2", SAMPLE_HASH, "the program started a thread", "false"),
		 "job 0 did not walk to the window's end: the program started a thread (after 90 "
		 "boundaries)"},
		{LINE_FIRST_WALK, SAMPLE_WALK("0", "7", SAMPLE_HASH, "the window's end", "true"),
		 "jobs 0 and 1 did not walk the same path: 90 and 90 boundaries, 7 and 6 of them "
		 "eligible"},
		{LINE_FIRST_WALK, SAMPLE_WALK("0", "6", "0xbb", "the window's end", "true"),
		 "jobs 0 and 1 did not walk the same path: they passed as many boundaries, but "
		 "different ones (0xbb and " SAMPLE_HASH ")"},
		{LINE_FIRST_TRIAL, NULL, "1 of 6 eligible boundaries was not tried: 1"},
		{LINE_LAST_TRIAL, NULL, "1 of 6 eligible boundaries was not tried: 6"},
		{LINE_FIRST_TRIAL, SAMPLE_NOT("1"),
		 "1 boundary was skipped: the signal was not delivered (not-reached)"},
		{LINE_FIRST_TRIAL,
		 "{\"type\":\"skip\",\"index\":1,\"pc\":\"0x1\",\"reason\":\"no copy\"}",
		 "1 boundary was skipped: no copy"},
		{LINE_FIRST_TRIAL, SAMPLE_TRIAL("9", "same", ""),
		 "there are trials up to boundary 9, but only 6 boundaries were eligible"},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(rules) / sizeof(rules[0]); n++) {
		json_t *boundaries;
		json_t *reasons = reasons_with(rules[n].at, rules[n].line, &boundaries);
		bool found = false;
		const json_t *reason;
		size_t i;

		assert_true(json_is_false(json_object_get(boundaries, "complete")));
		json_array_foreach (reasons, i, reason)
			found |= strcmp(json_string_value(reason), rules[n].reason) == 0;
		if (!found)
			fail_msg("rule %zu: %s", n, sample_dump(reasons));
		json_decref(boundaries);
	}
}

static void test_skips_are_grouped(void **state)
{
	static const char *const lines[] = {
		SAMPLE_RUN("1"),
		"{\"type\":\"skip\",\"index\":1,\"pc\":\"0x1\",\"reason\":\"no copy\"}",
		"{\"type\":\"skip\",\"index\":5,\"pc\":\"0x1\",\"reason\":\"no copy\"}",
		"{\"type\":\"skip\",\"index\":3,\"pc\":\"0x1\",\"reason\":\"no luck\"}",
	};
	json_t *report = sample_report(lines, 4);
	const json_t *boundaries = json_object_get(report, "boundaries");
	char *text = sample_dump(json_object_get(boundaries, "why_incomplete"));

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(boundaries, "skipped")), 3);
	assert_non_null(strstr(text, "2 boundaries were skipped: no copy"));
	assert_non_null(strstr(text, "1 boundary was skipped: no luck"));
	assert_true(json_is_null(json_object_get(boundaries, "eligible")));
	free(text);
	json_decref(report);
}

static void test_empty_window_is_not_complete(void **state)
{
	static const char *const lines[] = {
		SAMPLE_RUN("1"), SAMPLE_BASELINE,
		SAMPLE_WALK("0", "0", SAMPLE_HASH, "the window's end", "true"), SAMPLE_END("")};
	json_t *report = sample_report(lines, 4);
	const json_t *boundaries = json_object_get(report, "boundaries");

	(void)state;
	assert_true(json_is_false(json_object_get(boundaries, "complete")));
	assert_int_equal(json_array_size(json_object_get(boundaries, "why_incomplete")), 1);
	json_decref(report);
}

static void test_stored_and_loaded(void **state)
{
	json_t *report = complete_report();
	json_t *loaded;
	struct stat status;
	mode_t mask = umask(027);

	(void)state;
	for (int n = 0; n < 4; n++) {
		without_tmpfile = n >= 2;
		assert_int_equal(report_write(report, path), 0);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode & 0777, 0640);
		assert_int_equal(report_load(path, &loaded), 0);
		assert_true(json_equal(report, loaded));
		json_decref(loaded);
		assert_int_equal(count_files(), 1);
		if (n == 1)
			unlink(path);
	}
	umask(mask);
	json_decref(report);
}

static void test_symbolic_link_is_followed(void **state)
{
	json_t *report = complete_report();
	char link[140];
	struct stat status;

	(void)state;
	snprintf(link, sizeof(link), "%s.link", path);
	put_file("old", 3);
	assert_int_equal(symlink("out.json", link), 0);
	assert_int_equal(report_write(report, link), 0);
	assert_int_equal(lstat(link, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_int_equal(lstat(path, &status), 0);
	assert_true(status.st_size > 100);
	unlink(link);
	json_decref(report);
}

static void test_failure_leaves_the_old_report(void **state)
{
	const struct rlimit full = {100, RLIM_INFINITY};
	const struct rlimit free_again = {RLIM_INFINITY, RLIM_INFINITY};
	json_t *report = complete_report();

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	put_file("old", 3);
	for (int n = 0; n < 2; n++) {
		char *text;
		int result;

		without_tmpfile = n == 1;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
		result = report_write(report, path);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &free_again), 0);
		assert_int_equal(result, -EFBIG);
		assert_non_null(strstr(fail_text(), path));
		text = get_file(path);
		assert_string_equal(text, "old");
		free(text);
		assert_int_equal(count_files(), 1);
	}
	json_decref(report);
}

static void test_paths_that_cannot_be(void **state)
{
	static const struct {
		const char *path;
		int code;
	} cases[] = {
		{"/nowhere/at/all.json", -ENOENT},
		{"/dev/null/out.json", -ENOTDIR},
		{folder, -EISDIR},
	};
	json_t *report = complete_report();

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		assert_int_equal(report_check_path(cases[n].path), cases[n].code);
		assert_int_equal(report_write(report, cases[n].path), cases[n].code);
		assert_non_null(strstr(fail_text(), cases[n].path));
	}
	assert_int_equal(report_write(report, "/dev/full"), -ENOSPC);
	assert_non_null(strstr(fail_text(), "/dev/full"));
	assert_int_equal(report_write(report, "/dev/null"), 0);
	assert_int_equal(report_check_path("/dev/null"), 0);
	json_decref(report);
}

static void test_asking_leaves_nothing(void **state)
{
	(void)state;
	for (int n = 0; n < 2; n++) {
		without_tmpfile = n == 1;
		assert_int_equal(report_check_path(path), 0);
		assert_int_equal(count_files(), 0);
	}
	put_file("old", 3);
	assert_int_equal(report_check_path(path), 0);
	assert_int_equal(count_files(), 1);
}

static void test_read_only_report_stays(void **state)
{
	json_t *report = complete_report();

	(void)state;
	if (geteuid() == 0) {
		json_decref(report);
		skip(); /* nothing is read-only for root */
	}
	put_file("old", 3);
	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(report_write(report, path), -EACCES);
	json_decref(report);
}

static void test_cut_off_anywhere(void **state)
{
	json_t *report = complete_report();
	json_t *loaded;
	size_t size;
	char *text;

	(void)state;
	assert_int_equal(report_write(report, path), 0);
	text = get_file(path);
	size = strlen(text);
	/* Without its last newline it is whole all the same. */
	for (size_t n = 0; n + 1 < size; n += 7) {
		char start[160];

		put_file(text, n);
		assert_int_equal(report_load(path, &loaded), -EINVAL);
		snprintf(start, sizeof(start), n ? "%s:" : "%s is empty", path);
		assert_memory_equal(fail_text(), start, strlen(start));
		if (n && !strstr(fail_text(), "cut off"))
			fail_msg("at %zu: %s", n, fail_text());
	}
	free(text);
	json_decref(report);
}

static void test_what_is_no_report(void **state)
{
	static const struct {
		const char *text;
		const char *sentence;
	} cases[] = {
		{"[]", "no `schema`"},
		{"{}", "no `schema`"},
		{"{\"schema\":\"sigsweep/report/2\"}", "sigsweep/report/2"},
		{"{\"schema\":\"sigsweep/report/1\"}", "has no `tool`"},
		{"{\"schema\":\"sigsweep/report/1\",\"tool\":[]}", "`tool` should be an object"},
		{"{\"type\":\"run\"}\n{\"type\":\"end\"}\n", "is a record"},
		{"{\"type\":\"run\",\"schema\":\"sigsweep/record/1\"}\n", "is a record"},
		{"#include <x.h>\nint x;\n", ":1:1: no report"},
		{"{\n \"schema\": x\n}\n", ":2:12: no report"},
		{"\x7f"
		 "ELF\xff\xff",
		 "no report"},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		json_t *loaded;

		put_file(cases[n].text, strlen(cases[n].text));
		assert_int_equal(report_load(path, &loaded), -EINVAL);
		assert_non_null(strstr(fail_text(), path));
		if (!strstr(fail_text(), cases[n].sentence))
			fail_msg("case %zu: %s", n, fail_text());
	}
}

static void test_find(void **state)
{
	json_t *report = complete_report();
	const json_t *finding = NULL;
	char id[REPORT_ID_SIZE];

	(void)state;
	report_finding_id(EXIT_KEY, id);
	assert_int_equal(report_find(report, id, &finding), 0);
	assert_string_equal(text_at(finding, "kind"), "exit-status");
	id[4] = '\0';
	finding = NULL;
	assert_int_equal(report_find(report, id, &finding), 0);
	assert_string_equal(text_at(finding, "kind"), "exit-status");
	id[3] = '\0';
	assert_int_equal(report_find(report, id, &finding), -ENOENT);
	assert_int_equal(report_find(report, "", &finding), -ENOENT);
	report_finding_id(STUCK_KEY, id);
	assert_non_null(strstr(fail_text(), id));
	json_decref(report);
}

static void test_shell_words(void **state)
{
	static const struct {
		const char *text;
		const char *word;
	} cases[] = {
		{"out.json", "out.json"}, {"a b", "'a b'"},   {"", "''"},
		{"it's", "'it'\\''s'"},   {"$x;y", "'$x;y'"}, {"~/x", "'~/x'"},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		char *word = report_shell_word(cases[n].text);

		assert_string_equal(word, cases[n].word);
		free(word);
	}
}

#define report_test(name) cmocka_unit_test_teardown(name, empty_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_in_order),
		cmocka_unit_test(test_outcomes_in_order),
		cmocka_unit_test(test_findings),
		cmocka_unit_test(test_benign_does_not_count),
		cmocka_unit_test(test_finding_without_its_example),
		cmocka_unit_test(test_id_never_changes),
		cmocka_unit_test(test_no_run_no_report),
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_every_rule_of_completeness),
		cmocka_unit_test(test_skips_are_grouped),
		cmocka_unit_test(test_empty_window_is_not_complete),
		report_test(test_stored_and_loaded),
		report_test(test_symbolic_link_is_followed),
		report_test(test_failure_leaves_the_old_report),
		report_test(test_paths_that_cannot_be),
		report_test(test_asking_leaves_nothing),
		report_test(test_read_only_report_stays),
		report_test(test_cut_off_anywhere),
		report_test(test_what_is_no_report),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_shell_words),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
