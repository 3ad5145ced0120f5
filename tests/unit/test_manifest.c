/* SPDX-License-Identifier: MIT */
/*
 * The reader of manifests: what a good file gives, and that each malformed one is refused with the
 * file and the line that are to blame. Knows the format from docs/manifest.md only.
 */
#include "harness/base/alloc.h"
#include "harness/model/manifest.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/sigsweep-manifest-XXXXXX";
static char *path;

static void write_bytes(const void *bytes, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static int read_text(struct manifest *manifest, const char *text)
{
	write_bytes(text, strlen(text));
	fail_clear();
	return manifest_read(manifest, path, NULL);
}

/* The file is refused with FILE:LINE: (FILE: for line 0) and `words` somewhere in the sentence. */
static void expect_failure(unsigned int line, const char *words)
{
	struct manifest manifest;
	char *prefix = line ? alloc_format("%s:%u: ", path, line) : alloc_format("%s: ", path);

	fail_clear();
	assert_true(manifest_read(&manifest, path, NULL) < 0);
	if (strncmp(fail_text(), prefix, strlen(prefix)) != 0 || !strstr(fail_text(), words))
		fail_msg("expected \"%s...%s\", got \"%s\"", prefix, words, fail_text());
	assert_null(manifest.path);
	free(prefix);
}

static void refuses(const char *text, unsigned int line, const char *words)
{
	write_bytes(text, strlen(text));
	expect_failure(line, words);
}

static void reads_everything(void **state)
{
	struct manifest manifest;

	(void)state;
	assert_int_equal(read_text(&manifest, "# a comment\n"
					      "\n"
					      "title: what it shows: all of it\n"
					      "  program :  build:lost-wakeup  \n"
					      "argument: -c\n"
					      "argument:\n"
					      "argument: manifest:script.sh\n"
					      "environment: LANG=C\n"
					      "environment: HOME\n"
					      "stdin: text:one\\ntwo\\\\\\0x\n"
					      "signal: TERM\n"
					      "boundary: call\n"
					      "from: main\n"
					      "to: libc.so.6!exit\n"
					      "in: libc*\n"
					      "oracles: end\n"
					      "expect: same,exit:3\n"
					      "budget: 100trials\n"
					      "timeout: 1.5\n"
					      "status: 4\n"
					      "needs: command git\n"
					      "needs: file /etc/hostname\n"
					      "needs: root\n"
					      "verdict: bad\n"
					      "finding: end/stuck\n"
					      "benign: lock/held in work\n"
					      "benign: state/mask\n"
					      "finding: end/crash in operator new(unsigned long)\n"
					      "outcome: same\n"
					      "outcome: exit:* 12\n"
					      "delivery: entered 3\n"
					      "complete: no\n"
					      "long: yes\n"),
			 0);
	assert_string_equal(manifest.folder, folder);
	assert_string_equal(manifest.title.text, "what it shows: all of it");
	assert_int_equal(manifest.title.line, 3);
	assert_string_equal(manifest.program.text, "build:lost-wakeup");
	assert_int_equal(manifest.arguments.count, 3);
	assert_string_equal(manifest.arguments.items[1].text, "");
	assert_int_equal(manifest.environment.count, 2);
	assert_string_equal(manifest.environment.items[1].text, "HOME");
	assert_int_equal(manifest.environment.items[1].line, 9);
	assert_int_equal(manifest.stdin_kind, MANIFEST_STDIN_TEXT);
	assert_int_equal(manifest.stdin_size, 10);
	assert_memory_equal(manifest.stdin_text, "one\ntwo\\\0x", 10);
	assert_string_equal(manifest.signal.text, "TERM");
	assert_string_equal(manifest.boundary.text, "call");
	assert_string_equal(manifest.from.text, "main");
	assert_string_equal(manifest.to.text, "libc.so.6!exit");
	assert_string_equal(manifest.in.text, "libc*");
	assert_string_equal(manifest.oracles.text, "end");
	assert_string_equal(manifest.expect.text, "same,exit:3");
	assert_string_equal(manifest.budget.text, "100trials");
	assert_string_equal(manifest.timeout.text, "1.5");
	assert_int_equal(manifest.timeout.line, 19);
	assert_string_equal(manifest.status.text, "4");
	assert_int_equal(manifest.need_count, 3);
	assert_int_equal(manifest.needs[0].kind, MANIFEST_NEED_COMMAND);
	assert_string_equal(manifest.needs[1].text, "/etc/hostname");
	assert_int_equal(manifest.needs[2].kind, MANIFEST_NEED_ROOT);
	assert_int_equal(manifest.verdict, MANIFEST_BAD);
	assert_int_equal(manifest.finding_count, 2);
	assert_string_equal(manifest.findings[0].oracle, "end");
	assert_string_equal(manifest.findings[0].kind, "stuck");
	assert_null(manifest.findings[0].function);
	assert_int_equal(manifest.benign_count, 2);
	assert_string_equal(manifest.benign[0].oracle, "lock");
	assert_string_equal(manifest.benign[0].kind, "held");
	assert_string_equal(manifest.benign[0].function, "work");
	assert_string_equal(manifest.benign[1].oracle, "state");
	assert_null(manifest.benign[1].function);
	assert_string_equal(manifest.findings[1].function, "operator new(unsigned long)");
	assert_int_equal(manifest.outcome_count, 2);
	assert_false(manifest.outcomes[0].has_count);
	assert_string_equal(manifest.outcomes[1].name, "exit:*");
	assert_true(manifest.outcomes[1].has_count);
	assert_int_equal(manifest.outcomes[1].count, 12);
	assert_int_equal(manifest.delivery_count, 1);
	assert_int_equal(manifest.deliveries[0].count, 3);
	assert_false(manifest.complete);
	assert_true(manifest.is_long);
	manifest_free(&manifest);
	assert_null(manifest.path);
	manifest_free(&manifest);
}

static void gives_defaults(void **state)
{
	struct manifest manifest;

	(void)state;
	/* No newline at the end is no error. */
	assert_int_equal(read_text(&manifest, "program: true\nverdict: good"), 0);
	assert_null(manifest.title.text);
	assert_int_equal(manifest.title.line, 0);
	assert_int_equal(manifest.stdin_kind, MANIFEST_STDIN_EMPTY);
	assert_int_equal(manifest.verdict, MANIFEST_GOOD);
	assert_true(manifest.complete);
	assert_false(manifest.is_long);
	manifest_free(&manifest);
}

static void resolves_names(void **state)
{
	struct manifest manifest;
	char *expected = alloc_format("out/targets/%s/x", strrchr(folder, '/') + 1);
	char *file = alloc_format("%s/input", folder);
	char *text;

	(void)state;
	assert_int_equal(read_text(&manifest, "program: build:x\nverdict: good\n"
					      "argument: manifest:input\nargument: a:b\n"
					      "stdin: manifest:input\n"),
			 0);
	text = manifest_program(&manifest, "out", "py");
	assert_string_equal(text, expected);
	free(text);
	text = manifest_argument(&manifest, "out", 0);
	assert_string_equal(text, file);
	free(text);
	text = manifest_argument(&manifest, "out", 1);
	assert_string_equal(text, "a:b");
	free(text);
	assert_int_equal(manifest.stdin_kind, MANIFEST_STDIN_FILE);
	assert_string_equal(manifest.stdin_text, file);
	manifest_free(&manifest);

	assert_int_equal(read_text(&manifest, "program: /bin/true\nverdict: good\n"), 0);
	text = manifest_program(&manifest, "out", "py");
	assert_string_equal(text, "/bin/true");
	free(text);
	manifest_free(&manifest);
	free(expected);
	free(file);
}

/* The same folder, whichever way the manifest was named. */
static void resolves_a_bare_name(void **state)
{
	struct manifest manifest;
	char *expected = alloc_format("out/targets/%s/x", strrchr(folder, '/') + 1);
	char *before = getcwd(NULL, 0);
	char *text;

	(void)state;
	write_bytes("program: build:x\nverdict: good\n", 31);
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(manifest_read(&manifest, "m.manifest", NULL), 0);
	text = manifest_program(&manifest, "out", "py");
	assert_string_equal(text, expected);
	assert_string_equal(manifest.folder, ".");
	assert_int_equal(chdir(before), 0);
	free(text);
	free(before);
	free(expected);
	manifest_free(&manifest);
}

static void refuses_bad_keys(void **state)
{
	(void)state;
	refuses("program: true\nfindings: end/stuck\nverdict: good\n", 2,
		"unknown key \"findings\"");
	refuses("Program: true\n", 1, "unknown key \"Program\"");
	refuses(": true\n", 1, "unknown key \"\"");
	refuses("\nprogram true\n", 2, "no colon");
	refuses("program: a\n\nverdict: good\nprogram: b\n", 4, "stood in line 1");
	refuses("verdict: good\nverdict: bad\n", 2, "once");
	refuses("stdin: a\nstdin: b\n", 2, "once");
	refuses("complete: yes\ncomplete: yes\n", 2, "once");
	refuses("title: a\ntitle: a\n", 2, "once");
	refuses("program:\n", 1, "no value");
	refuses("signal: \t \n", 1, "no value");
	refuses("environment:\n", 1, "no value");
	refuses("finding:\n", 1, "no value");
	refuses("benign:\n", 1, "no value");
}

static void refuses_bad_values(void **state)
{
	(void)state;
	refuses("verdict: fine\n", 1, "good or bad");
	refuses("verdict: goodness\n", 1, "good or bad");
	refuses("complete: true\n", 1, "`complete` is yes or no");
	refuses("\nlong: 1\n", 2, "`long` is yes or no");
	refuses("program: build:\n", 1, "name of a target");
	refuses("program: build:a/b\n", 1, "name of a target");
	refuses("argument: manifest:\n", 1, "name of a file");
	refuses("stdin: manifest:\n", 1, "name of a file");
	refuses("stdin: text:a\\q\n", 1, "no escape");
	refuses("stdin: text:a\\\n", 1, "no escape");
	refuses("environment: =x\n", 1, "no name");
	refuses("needs: commands git\n", 1, "`command NAME`");
	refuses("needs: command\n", 1, "needs a name");
	refuses("needs: root now\n", 1, "stands alone");
	refuses("finding: stuck\n", 1, "ORACLE/KIND");
	refuses("finding: end/\n", 1, "ORACLE/KIND");
	refuses("finding: /stuck\n", 1, "ORACLE/KIND");
	refuses("finding: end/stuck/more\n", 1, "ORACLE/KIND");
	refuses("finding: end/stuck at main\n", 1, "in FUNCTION");
	refuses("finding: end/stuck inside main\n", 1, "in FUNCTION");
	refuses("finding: end/stuck in\n", 1, "function after");
	refuses("benign: stuck\n", 1, "ORACLE/KIND");
	refuses("benign: end/stuck at main\n", 1, "in FUNCTION");
	refuses("outcome: same 0\n", 1, "how often");
	refuses("outcome: same -1\n", 1, "how often");
	refuses("outcome: same +1\n", 1, "how often");
	refuses("outcome: same 1x\n", 1, "how often");
	refuses("outcome: same 99999999999999999999\n", 1, "how often");
	refuses("outcome: same\noutcome: same 2\n", 2, "in line 1 already");
	refuses("delivery: enter\n", 1, "a delivery is");
	refuses("delivery: entered\ndelivery: entered\n", 2, "in line 1 already");
}

/* It declares what does not count, which a good target may have. */
static void takes_benign_with_either_verdict(void **state)
{
	struct manifest manifest;
	static const char text[] = "program: true\nbenign: end/stuck\nverdict: good\n";

	(void)state;
	write_bytes(text, sizeof(text) - 1);
	assert_int_equal(manifest_read(&manifest, path, NULL), 0);
	assert_int_equal(manifest.verdict, MANIFEST_GOOD);
	assert_int_equal(manifest.benign_count, 1);
	manifest_free(&manifest);
}

static void refuses_an_unfinished_whole(void **state)
{
	(void)state;
	refuses("", 0, "no `program`");
	refuses("# nothing\n\n", 0, "no `program`");
	refuses("verdict: good\n", 0, "no `program`");
	refuses("program: true\n", 0, "no `verdict`");
	refuses("program: true\n\nverdict: bad\n", 3, "needs a `finding`");
	refuses("program: true\nfinding: end/stuck\nverdict: good\n", 2, "the verdict is good");
}

#define SEVERAL                                                                                    \
	"program: python\n"                                                                        \
	"outcome: same\n"                                                                          \
	"verdict@3.9,3.14r: bad\n"                                                                 \
	"finding@3.9,3.14r: end/stuck\n"                                                           \
	"outcome@3.9r: exit:3 2\n"                                                                 \
	"outcome@3.9d: exit:3 4\n"                                                                 \
	"verdict@3.11: good\n"

static void expect_version(const char *interpreter, enum manifest_verdict verdict, size_t findings,
			   size_t outcomes)
{
	struct manifest manifest;

	fail_clear();
	assert_int_equal(manifest_read(&manifest, path, interpreter), 0);
	assert_int_equal(manifest.verdict, verdict);
	assert_int_equal(manifest.finding_count, findings);
	assert_int_equal(manifest.outcome_count, outcomes);
	manifest_free(&manifest);
}

static void takes_the_lines_of_a_version(void **state)
{
	struct manifest manifest;
	char *text;

	(void)state;
	write_bytes(SEVERAL, strlen(SEVERAL));
	expect_version("3.9", MANIFEST_BAD, 1, 2);
	expect_version("3.9d", MANIFEST_BAD, 1, 2);
	expect_version("3.11", MANIFEST_GOOD, 0, 1);
	expect_version("3.11d", MANIFEST_GOOD, 0, 1);
	expect_version("3.14", MANIFEST_BAD, 1, 1);
	expect_version("3.14d", MANIFEST_UNDECLARED, 0, 1);
	expect_version("3.1", MANIFEST_UNDECLARED, 0, 1);
	expect_version(NULL, MANIFEST_UNDECLARED, 0, 1);
	assert_int_equal(manifest_read(&manifest, path, "3.9d"), 0);
	assert_true(manifest.is_python);
	assert_int_equal(manifest.outcomes[1].count, 4);
	assert_int_equal(manifest.outcomes[1].line, 6);
	text = manifest_program(&manifest, "out", "/x/python");
	assert_string_equal(text, "/x/python");
	free(text);
	manifest_free(&manifest);
}

/* What is wrong for any version is refused on all: here none is chosen. */
static void refuses_bad_versions(void **state)
{
	(void)state;
	refuses("program: python\nverdict@3: bad\n", 2, "versions of CPython");
	refuses("program: python\nverdict@: bad\n", 2, "versions of CPython");
	refuses("program: python\nverdict@3.9,: bad\n", 2, "versions of CPython");
	refuses("program: python\nverdict@3.9x: bad\n", 2, "versions of CPython");
	refuses("program: python\nverdict@3.9dd: bad\n", 2, "versions of CPython");
	refuses("program: python\nverdict@3.9 , 3.11: bad\n", 2, "versions of CPython");
	refuses("program: python\nverdicts@3.9: bad\n", 2, "unknown key \"verdicts\"");
	refuses("program: python\nverdict@3.9: fine\n", 2, "good or bad");
	refuses("program: python\nverdict@3.9: bad\n", 2, "needs a `finding`");
	refuses("program: python\nverdict@3.9: good\nfinding: end/stuck\n", 3, "is good");
	refuses("program: python\nverdict@3.9: good\nverdict: good\n", 3, "stood in line 2");
	refuses("program: python\nverdict@3.9,3.9d: good\nverdict@3.9d: good\n", 3, "line 2");
	refuses("program: python\nverdict@3.9: good\noutcome@3.11: same\n", 0,
		"no `verdict` for CPython 3.11");
	refuses("program: true\nverdict: good\noutcome@3.9: same\n", 3, "`program: python`");
}

static void refuses_bytes_that_are_no_text(void **state)
{
	(void)state;
	write_bytes("program: true\nver\0dict: good\n", 29);
	expect_failure(2, "byte 0x00 at column 4");
	write_bytes("\0", 1);
	expect_failure(1, "byte 0x00");
	refuses("program: true\r\nverdict: good\r\n", 1, "carriage return");
	refuses("program: true\rverdict: good", 1, "byte 0x0d");
	refuses("program: true\ntitle: \x1b[2J\n", 2, "byte 0x1b");
	refuses("title: \x7f\n", 1, "byte 0x7f");
}

static void takes_long_lines(void **state)
{
	size_t size = 500000;
	char *text = alloc_zero(size + 64);
	struct manifest manifest;

	(void)state;
	strcpy(text, "program: true\nverdict: good\nargument: ");
	memset(text + strlen(text), 'x', size);
	assert_int_equal(read_text(&manifest, text), 0);
	assert_int_equal(strlen(manifest.arguments.items[0].text), size);
	manifest_free(&manifest);
	memset(text, 'k', size);
	refuses(text, 1, "no colon");
	text[size - 1] = ':';
	refuses(text, 1, "unknown key \"kkk");
	free(text);
}

static void takes_many_lines(void **state)
{
	struct manifest manifest;
	FILE *file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	fputs("program: true\nverdict: good\n", file);
	for (int n = 0; n < 1000; n++)
		fprintf(file, "argument: %d\noutcome: exit:%d\nneeds: file %d\n", n, n, n);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(manifest_read(&manifest, path, NULL), 0);
	assert_int_equal(manifest.arguments.count, 1000);
	assert_string_equal(manifest.arguments.items[999].text, "999");
	assert_string_equal(manifest.outcomes[999].name, "exit:999");
	assert_string_equal(manifest.needs[999].text, "999");
	manifest_free(&manifest);
}

static void refuses_what_is_no_file(void **state)
{
	struct manifest manifest;
	char *fifo = alloc_format("%s/fifo", folder);

	(void)state;
	assert_int_equal(manifest_read(&manifest, folder, NULL), -EINVAL);
	assert_non_null(strstr(fail_text(), "regular file"));
	assert_int_equal(manifest_read(&manifest, "/dev/zero", NULL), -EINVAL);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(manifest_read(&manifest, fifo, NULL), -EINVAL);
	assert_int_equal(unlink(fifo), 0);
	assert_int_equal(manifest_read(&manifest, fifo, NULL), -ENOENT);
	assert_non_null(strstr(fail_text(), fifo));
	assert_int_equal(manifest_read(&manifest, "", NULL), -ENOENT);
	assert_null(manifest.path);
	free(fifo);
}

static void refuses_what_is_too_large(void **state)
{
	(void)state;
	write_bytes("", 0);
	assert_int_equal(truncate(path, (1 << 20) + 1), 0);
	expect_failure(0, "larger than");
}

/* Root may read everything, so the test becomes somebody else for the moment. */
static void refuses_what_it_may_not_read(void **state)
{
	struct manifest manifest;
	int error;

	(void)state;
	write_bytes("program: true\nverdict: good\n", 28);
	assert_int_equal(chmod(path, 0), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	error = manifest_read(&manifest, path, NULL);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(error, -EACCES);
	assert_non_null(strstr(fail_text(), "cannot open"));
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	path = alloc_format("%s/m.manifest", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	free(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_everything),
		cmocka_unit_test(gives_defaults),
		cmocka_unit_test(resolves_names),
		cmocka_unit_test(resolves_a_bare_name),
		cmocka_unit_test(refuses_bad_keys),
		cmocka_unit_test(refuses_bad_values),
		cmocka_unit_test(takes_benign_with_either_verdict),
		cmocka_unit_test(refuses_an_unfinished_whole),
		cmocka_unit_test(takes_the_lines_of_a_version),
		cmocka_unit_test(refuses_bad_versions),
		cmocka_unit_test(refuses_bytes_that_are_no_text),
		cmocka_unit_test(takes_long_lines),
		cmocka_unit_test(takes_many_lines),
		cmocka_unit_test(refuses_what_is_no_file),
		cmocka_unit_test(refuses_what_is_too_large),
		cmocka_unit_test(refuses_what_it_may_not_read),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
