/* SPDX-License-Identifier: MIT */
/* What lines add up to: in any order, once or twice, by the quick way or through JSON. */
#include "report_sample.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static uint64_t count_of(const struct tally *tally, const char *name)
{
	const struct tally_entry *entry = tally_find(tally, name);

	return entry ? entry->count : 0;
}

static void test_sums(void **state)
{
	struct aggregate *aggregate = sample_aggregate(sample_lines, SAMPLE_COUNT);
	const struct tally_entry *stuck = tally_find(&aggregate->findings, STUCK_KEY);

	(void)state;
	assert_int_equal(aggregate_injected(aggregate), 6);
	assert_int_equal(aggregate_skipped(aggregate), 0);
	assert_int_equal(aggregate_findings(aggregate), 2);
	assert_int_equal(count_of(&aggregate->outcomes, "same"), 2);
	assert_int_equal(count_of(&aggregate->outcomes, "stuck"), 2);
	assert_int_equal(count_of(&aggregate->outcomes, "exit:12"), 1);
	assert_int_equal(count_of(&aggregate->outcomes, "exit:3"), 1);
	assert_int_equal(count_of(&aggregate->deliveries, "entered"), 6);
	assert_int_equal(count_of(&aggregate->unknown, "locks: no symbols"), 1);
	assert_non_null(stuck);
	assert_int_equal(stuck->boundaries.count, 3);
	assert_true(intervals_has(&stuck->boundaries, 5));
	assert_int_equal(aggregate->walk_count, 2);
	assert_int_equal(tally_size(&aggregate->modules), 2);
	aggregate_free(aggregate);
}

static void swap(const char **left, const char **right)
{
	const char *kept = *left;

	*left = *right;
	*right = kept;
}

static void test_order_does_not_matter(void **state)
{
	json_t *report = sample_report(sample_lines, SAMPLE_COUNT);
	char *expected = sample_dump(report);
	const char *lines[SAMPLE_COUNT];
	uint64_t random = 1;

	(void)state;
	memcpy(lines, sample_lines, sizeof(lines));
	for (unsigned int round = 0; round < 200; round++) {
		json_t *other;
		char *text;

		for (size_t n = SAMPLE_COUNT - 1; n > 0; n--) {
			random = random * UINT64_C(6364136223846793005) + 1;
			swap(&lines[n], &lines[(random >> 33) % (n + 1)]);
		}
		other = sample_report(lines, SAMPLE_COUNT);
		text = sample_dump(other);
		assert_string_equal(text, expected);
		free(text);
		json_decref(other);
	}
	free(expected);
	json_decref(report);
}

static void test_lines_twice_count_once(void **state)
{
	const char *lines[2 * SAMPLE_COUNT];
	json_t *once = sample_report(sample_lines, SAMPLE_COUNT);
	json_t *twice;

	(void)state;
	memcpy(lines, sample_lines, sizeof(sample_lines));
	memcpy(lines + SAMPLE_COUNT, sample_lines, sizeof(sample_lines));
	twice = sample_report(lines, 2 * SAMPLE_COUNT);
	assert_true(json_equal(once, twice));
	json_decref(once);
	json_decref(twice);
}

/* The same line with blanks after its colons, which the quick way does not know. */
static char *spread_out(const char *line)
{
	char *spread = malloc(2 * strlen(line) + 1);
	char *out = spread;

	assert_non_null(spread);
	for (; *line; line++) {
		*out++ = *line;
		if (*line == ':' && line[-1] == '"')
			*out++ = ' ';
	}
	*out = '\0';
	return spread;
}

static void test_both_ways_agree(void **state)
{
	struct aggregate *aggregate = aggregate_new();
	json_t *quick = sample_report(sample_lines, SAMPLE_COUNT);
	json_t *slow;

	(void)state;
	for (size_t n = 0; n < SAMPLE_COUNT; n++) {
		char *line = spread_out(sample_lines[n]);

		sample_take(aggregate, line);
		free(line);
	}
	assert_int_equal(report_build(aggregate, "out.json", &slow), 0);
	assert_true(json_equal(quick, slow));
	aggregate_free(aggregate);
	json_decref(quick);
	json_decref(slow);
}

static void test_not_delivered_is_no_trial(void **state)
{
	struct aggregate *aggregate = aggregate_new();

	(void)state;
	sample_take(aggregate, SAMPLE_NOT("7"));
	sample_take(aggregate, SAMPLE_NOT("7"));
	assert_int_equal(aggregate_injected(aggregate), 0);
	assert_int_equal(aggregate_skipped(aggregate), 1);
	assert_int_equal(count_of(&aggregate->outcomes, "not-reached"), 0);
	assert_int_equal(count_of(&aggregate->deliveries, "not"), 1);
	/* A resumed run that succeeds makes up for it. */
	sample_take(aggregate, SAMPLE_TRIAL("7", "same", ""));
	assert_int_equal(aggregate_injected(aggregate), 1);
	assert_int_equal(aggregate_skipped(aggregate), 0);
	aggregate_free(aggregate);
}

static void test_lowest_example_is_kept(void **state)
{
	static const char *const lines[] = {
		SAMPLE_EXAMPLE(STUCK_KEY, "stuck", "error", "30"),
		SAMPLE_EXAMPLE(STUCK_KEY, "stuck", "error", "4"),
		SAMPLE_EXAMPLE(STUCK_KEY, "stuck", "error", "17"),
	};
	struct aggregate *aggregate = sample_aggregate(lines, 3);
	const struct tally_entry *entry = tally_find(&aggregate->findings, STUCK_KEY);

	(void)state;
	assert_non_null(entry);
	assert_string_equal(json_string_value(json_object_get(entry->example, "title")),
			    "it ends badly at 4");
	assert_int_equal(entry->boundaries.count, 3);
	aggregate_free(aggregate);
}

static void test_a_complete_walk_stays(void **state)
{
	static const char *const lines[] = {
		SAMPLE_WALK("0", "3", "0xbb", "interrupted", "false"),
		SAMPLE_WALK("0", "6", "0xaa", "the window's end", "true"),
		SAMPLE_WALK("0", "4", "0xcc", "interrupted", "false"),
	};
	struct aggregate *aggregate = sample_aggregate(lines, 3);

	(void)state;
	assert_int_equal(aggregate->walk_count, 1);
	assert_int_equal(aggregate->walks[0].eligible, 6);
	assert_true(aggregate->walks[0].complete);
	assert_string_equal(aggregate->walks[0].path_hash, "0xaa");
	aggregate_free(aggregate);
}

static void test_bad_lines_change_nothing(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"7",
		"{}",
		"{\"type\":7}",
		"{\"type\":\"trail\"}",
		"{\"type\":\"run\"}",
		"{\"type\":\"run\",\"schema\":\"sigsweep/record/2\",\"tool\":{},\"host\":{},"
		"\"scenario\":{}}",
		"{\"type\":\"run\",\"schema\":\"sigsweep/record/1\",\"tool\":{},\"host\":{},"
		"\"scenario\":{\"signal\":\"SIGTERM\"}}",
		SAMPLE_TRIAL("0", "same", ""),
		SAMPLE_TRIAL("-3", "same", ""),
		SAMPLE_TRIAL("1.5", "same", ""),
		SAMPLE_TRIAL("\"9\"", "same", ""),
		SAMPLE_TRIAL("99999999999999999999", "same", ""),
		SAMPLE_TRIAL("4611686018427387904", "same", ""),
		SAMPLE_TRIAL("9", "same", ",\"findings\":\"x\""),
		SAMPLE_TRIAL("9", "same", ",\"findings\":[7]"),
		SAMPLE_TRIAL("9", "same", ",\"unknown\":[null]"),
		SAMPLE_TRIAL("9", "same", ",\"benign\":\"\",\"findings\":[\"a/b/c\"]"),
		SAMPLE_TRIAL("9", "same", ",\"benign\":7,\"findings\":[\"a/b/c\"]"),
		SAMPLE_EXAMPLE_BENIGN("a/b/c", "b", "error", "9", ""),
		SAMPLE_TRIAL("9", "same", "") "}",
		"{\"type\":\"trial\",\"index\":9,\"delivery\":\"entered\"}",
		"{\"type\":\"trial\",\"index\":9,\"delivery\":1,\"outcome\":\"same\"}",
		"{\"type\":\"skip\",\"index\":9}",
		"{\"type\":\"skip\",\"index\":0,\"reason\":\"x\"}",
		"{\"type\":\"module\",\"path\":7,\"build_id\":\"\"}",
		"{\"type\":\"fidelity\",\"kind\":\"x\"}",
		"{\"type\":\"baseline\"}",
		"{\"type\":\"walk\",\"job\":1}",
		"{\"type\":\"walk\",\"job\":-1,\"walked\":1,\"eligible\":1,\"path_hash\":\"\","
		"\"end\":\"\",\"complete\":true}",
		"{\"type\":\"example\",\"key\":\"a/b/c\"}",
		"{\"type\":\"end\",\"why_incomplete\":[1]}",
	};
	struct aggregate *aggregate = sample_aggregate(sample_lines, SAMPLE_COUNT);
	json_t *before;
	json_t *after;

	(void)state;
	assert_int_equal(report_build(aggregate, "out.json", &before), 0);
	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
		fail_clear();
		if (aggregate_trial_text(aggregate, bad[n], strlen(bad[n])) != -EINVAL)
			fail_msg("taken: %s", bad[n]);
		if (!*fail_text())
			fail_msg("no sentence: %s", bad[n]);
	}
	assert_int_equal(report_build(aggregate, "out.json", &after), 0);
	assert_true(json_equal(before, after));
	json_decref(before);
	json_decref(after);
	aggregate_free(aggregate);
}

static void test_other_number_of_jobs_is_the_same_scenario(void **state)
{
	struct aggregate *aggregate = aggregate_new();

	(void)state;
	sample_take(aggregate, SAMPLE_RUN("2"));
	sample_take(aggregate, SAMPLE_RUN("3"));
	aggregate_free(aggregate);
}

static void test_text_that_is_no_utf8(void **state)
{
	struct aggregate *aggregate = aggregate_new();

	(void)state;
	sample_take(aggregate, SAMPLE_TRIAL("1", "same", ",\"unknown\":[\"locks: \xff\xc3\x28\"]"));
	assert_int_equal(count_of(&aggregate->unknown, "locks: \xef\xbf\xbd\xef\xbf\xbd("), 1);
	sample_take(aggregate, SAMPLE_TRIAL("2", "same", ",\"unknown\":[\"a: \\u00e9\\\"\"]"));
	assert_int_equal(count_of(&aggregate->unknown, "a: \xc3\xa9\""), 1);
	aggregate_free(aggregate);
}

static void test_stays_small(void **state)
{
	struct aggregate *aggregate = aggregate_new();
	char line[400];

	(void)state;
	for (unsigned int n = 1; n <= 200000; n++) {
		int size = snprintf(line, sizeof(line),
				    "{\"type\":\"trial\",\"index\":%u,\"pc\":\"0x1\",\"phase\":"
				    "\"at\",\"delivery\":\"default\",\"outcome\":\"signal:SIGINT\","
				    "\"findings\":[\"a/b/c\"],\"unknown\":[\"a: %u\"]}",
				    n, n);

		assert_int_equal(aggregate_trial_text(aggregate, line, (size_t)size), 0);
	}
	assert_int_equal(aggregate_injected(aggregate), 200000);
	assert_true(aggregate->injected.block_count < 4);
	assert_true(tally_find(&aggregate->findings, "a/b/c")->boundaries.block_count < 4);
	assert_true(tally_size(&aggregate->unknown) < 1000);
	aggregate_free(aggregate);
}

static void test_whole_record(void **state)
{
	struct aggregate *aggregate = aggregate_new();
	char path[] = "/tmp/sigsweep-aggregate-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	char *note;

	(void)state;
	assert_non_null(file);
	for (size_t n = 0; n < SAMPLE_COUNT; n++)
		fprintf(file, "%s\n", sample_lines[n]);
	fputs("{\"type\":\"tri", file);
	fflush(file);
	assert_int_equal(aggregate_record(aggregate, path, &note), 0);
	assert_int_equal(aggregate_injected(aggregate), 6);
	assert_non_null(strstr(note, ":18: "));
	free(note);

	fputs("al\"}\n", file);
	fclose(file);
	assert_int_equal(aggregate_record(aggregate, path, &note), -EINVAL);
	assert_memory_equal(fail_text(), path, strlen(path));
	assert_memory_equal(fail_text() + strlen(path), ":18: ", 5);
	free(note);
	unlink(path);
	aggregate_free(aggregate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_lines_twice_count_once),
		cmocka_unit_test(test_both_ways_agree),
		cmocka_unit_test(test_not_delivered_is_no_trial),
		cmocka_unit_test(test_lowest_example_is_kept),
		cmocka_unit_test(test_a_complete_walk_stays),
		cmocka_unit_test(test_bad_lines_change_nothing),
		cmocka_unit_test(test_other_number_of_jobs_is_the_same_scenario),
		cmocka_unit_test(test_text_that_is_no_utf8),
		cmocka_unit_test(test_stays_small),
		cmocka_unit_test(test_whole_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
