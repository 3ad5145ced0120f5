/* SPDX-License-Identifier: MIT */
/* The progress line: how often, how wide, and what it says, by a clock that the tests turn. */
#include "reports/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct screen {
	FILE *out;
	char *text;
	size_t size;
};

static struct screen open_screen(struct screen *screen)
{
	screen->text = NULL;
	screen->out = open_memstream(&screen->text, &screen->size);
	assert_non_null(screen->out);
	return *screen;
}

static void close_screen(struct screen *screen)
{
	fclose(screen->out);
	free(screen->text);
}

static size_t count(const char *text, const char *part)
{
	size_t found = 0;

	for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
		found++;
	return found;
}

/* `seconds` of a run that makes 1024 trials a second (so that no time is rounded), telling of each.
 */
static void run(struct progress *progress, unsigned int seconds, uint64_t total)
{
	for (uint64_t done = 0; done <= seconds * 1024ull; done++) {
		const struct progress_state state = {
			.done = done,
			.total = total,
			.findings = done / 2000,
			.seconds = 77 + (double)done / 1024,
		};

		progress_update(progress, &state);
	}
}

static void test_terminal(void **state)
{
	struct screen screen;
	struct progress *progress;

	(void)state;
	open_screen(&screen);
	progress = progress_new_for(screen.out, false, true, 80);
	run(progress, 4, 10000);
	fflush(screen.out);
	assert_in_range(count(screen.text, "\r"), 15, 20);
	assert_int_equal(count(screen.text, "\n"), 0);
	assert_non_null(
		strstr(screen.text, "\r2050/10000 (20%), 1024/s, 1 finding, 8 s left\x1b[K"));
	progress_free(progress);
	fflush(screen.out);
	/* Nothing stays on the line. */
	assert_string_equal(screen.text + strlen(screen.text) - 4, "\r\x1b[K");
	close_screen(&screen);
}

static void test_elsewhere(void **state)
{
	struct screen screen;
	struct progress *progress;

	(void)state;
	open_screen(&screen);
	progress = progress_new_for(screen.out, false, false, 80);
	run(progress, 35, 0);
	progress_free(progress);
	fflush(screen.out);
	assert_int_equal(count(screen.text, "\n"), 3);
	assert_null(strchr(screen.text, '\r'));
	assert_null(strchr(screen.text, '\x1b'));
	assert_memory_equal(screen.text, "sigsweep: 10240, 1024/s, 5 findings\n", 36);
	close_screen(&screen);
}

static void test_quiet(void **state)
{
	struct screen screen;

	(void)state;
	for (int is_terminal = 0; is_terminal < 2; is_terminal++) {
		struct progress *progress;

		open_screen(&screen);
		progress = progress_new_for(screen.out, true, is_terminal, 80);
		run(progress, 30, 10);
		progress_hide(progress);
		progress_free(progress);
		fflush(screen.out);
		assert_int_equal(screen.size, 0);
		close_screen(&screen);
	}
}

static void test_narrow_terminal(void **state)
{
	struct screen screen;
	struct progress *progress;

	(void)state;
	open_screen(&screen);
	progress = progress_new_for(screen.out, false, true, 12);
	run(progress, 1, 100000);
	fflush(screen.out);
	assert_non_null(strstr(screen.text, "\r205/100000 \x1b[K"));
	progress_free(progress);
	close_screen(&screen);
}

static void update(struct progress *progress, double seconds, uint64_t done, uint64_t total)
{
	const struct progress_state state = {.done = done, .total = total, .seconds = seconds};

	progress_update(progress, &state);
}

/* What was done before (a resumed run) is no speed, and a run that slows down is soon told. */
static void test_rate_is_that_of_now(void **state)
{
	struct screen screen;
	struct progress *progress;

	(void)state;
	open_screen(&screen);
	progress = progress_new_for(screen.out, false, true, 80);
	update(progress, 0, 1000000, 1001000);
	update(progress, 1, 1000100, 1001000);
	fflush(screen.out);
	assert_non_null(strstr(screen.text, " 100/s, 0 findings, 9 s left"));
	for (unsigned int second = 2; second <= 20; second++)
		update(progress, second, 1000100 + 2 * second, 1001000);
	fflush(screen.out);
	assert_non_null(strstr(screen.text, "1000140/1001000 (99%), 2/s, 0 findings, 7 min "
					    "10 s left"));
	progress_free(progress);
	close_screen(&screen);
}

static void test_hide_and_come_back(void **state)
{
	struct screen screen;
	struct progress *progress;

	(void)state;
	open_screen(&screen);
	progress = progress_new_for(screen.out, false, true, 80);
	progress_hide(progress);
	fflush(screen.out);
	assert_int_equal(screen.size, 0);
	update(progress, 0, 0, 0);
	update(progress, 1, 5, 0);
	progress_hide(progress);
	progress_hide(progress);
	update(progress, 2, 9, 0);
	progress_free(progress);
	fflush(screen.out);
	assert_string_equal(screen.text, "\r5, 5/s, 0 findings\x1b[K\r\x1b[K"
					 "\r9, 4/s, 0 findings\x1b[K\r\x1b[K");
	close_screen(&screen);
}

static void test_odd_numbers(void **state)
{
	struct screen screen;
	struct progress *progress;

	(void)state;
	open_screen(&screen);
	progress = progress_new_for(screen.out, false, true, 0);
	update(progress, 10, 50, 10);
	update(progress, 9, 40, 10);
	update(progress, 20, 40, 10);
	update(progress, 30, UINT64_MAX, 1);
	progress_free(progress);
	progress_free(NULL);
	close_screen(&screen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_narrow_terminal),
		cmocka_unit_test(test_rate_is_that_of_now),
		cmocka_unit_test(test_hide_and_come_back),
		cmocka_unit_test(test_odd_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
