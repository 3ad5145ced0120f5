/* SPDX-License-Identifier: MIT */
/*
 * A small record, line by line, for the tests of reports/: two jobs with six eligible boundaries,
 * of which 2, 3 and 5 break something. Each test leaves out, changes or reorders what it is about.
 */
#ifndef SIGSWEEP_TESTS_REPORT_SAMPLE_H
#define SIGSWEEP_TESTS_REPORT_SAMPLE_H

#include "reports/aggregate.h"
#include "reports/report.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SAMPLE_SCENARIO(jobs)                                                                      \
	"\"scenario\":{\"program\":\"/bin/t\",\"argv\":[\"./t\",\"a b\"],"                         \
	"\"environment\":[\"LANG=C\",\"TERM\"],\"directory\":\"/\",\"stdin\":{\"text\":\"\"},"     \
	"\"signal\":\"SIGINT\",\"boundary\":\"instruction\",\"window\":{\"from\":\"handler\","     \
	"\"to\":\"exit\",\"in\":null},\"strategy\":\"fork\",\"mode\":\"exhaustive\","              \
	"\"oracles\":[\"end\"],\"expect\":[\"same\"],\"status\":0,\"timeout\":0.0,"                \
	"\"budget\":null,\"keep_vdso\":false,\"jobs\":" jobs ",\"shard\":null,\"seed\":null}"

#define SAMPLE_RUN(jobs)                                                                           \
	"{\"type\":\"run\",\"schema\":\"sigsweep/record/1\",\"tool\":{\"name\":\"sigsweep\","      \
	"\"version\":\"1\"},\"host\":{\"kernel\":\"6.1\",\"machine\":\"x86_64\",\"cpus\":2}"       \
	"," SAMPLE_SCENARIO(jobs) ",\"started\":1700000000}"

#define SAMPLE_MODULE(path) "{\"type\":\"module\",\"path\":\"" path "\",\"build_id\":\"ab12\"}"

#define SAMPLE_FIDELITY(kind, text)                                                                \
	"{\"type\":\"fidelity\",\"kind\":\"" kind "\",\"text\":\"" text "\"}"

#define SAMPLE_BASELINE                                                                            \
	"{\"type\":\"baseline\",\"outcome\":\"exit:0\",\"stdout_bytes\":10,\"stderr_bytes\":0,"    \
	"\"stdout_hash\":\"0x1111111111111111\",\"stderr_hash\":\"0x2222222222222222\","           \
	"\"awaits_signal\":false,\"deterministic\":true}"

#define SAMPLE_TRIAL(index, outcome, more)                                                         \
	"{\"type\":\"trial\",\"index\":" index ",\"pc\":\"0x401136\",\"phase\":\"at\","            \
	"\"delivery\":\"entered\",\"handler\":\"0x401120\",\"outcome\":\"" outcome "\"" more "}"

#define SAMPLE_NOT(index)                                                                          \
	"{\"type\":\"trial\",\"index\":" index ",\"pc\":\"0x401136\",\"phase\":\"at\","            \
	"\"delivery\":\"not\",\"outcome\":\"not-reached\"}"

#define SAMPLE_FRAME(offset, function)                                                             \
	"{\"module\":\"/bin/t\",\"offset\":\"" offset "\",\"function\":" function                  \
	",\"file\":null,\"line\":null}"

#define SAMPLE_EXAMPLE(key, kind, severity, boundary)                                              \
	SAMPLE_EXAMPLE_WITH(key, kind, severity, boundary, "")

#define SAMPLE_EXAMPLE_BENIGN(key, kind, severity, boundary, reason)                               \
	SAMPLE_EXAMPLE_WITH(key, kind, severity, boundary, "\"benign\":\"" reason "\",")

#define SAMPLE_EXAMPLE_WITH(key, kind, severity, boundary, more)                                   \
	"{\"type\":\"example\",\"key\":\"" key "\",\"oracle\":\"end\",\"kind\":\"" kind "\","      \
	"\"severity\":\"" severity "\",\"title\":\"it ends badly at " boundary "\"," more          \
	"\"where\":{\"module\":\"/bin/t\",\"offset\":\"0x1136\",\"function\":\"main\","            \
	"\"file\":\"src/"                                                                          \
	"t.c\",\"line\":23,\"instruction\":\"nop\"},\"example\":{\"boundary\":" boundary           \
	",\"stack\":[" SAMPLE_FRAME("0x1136", "\"main\"") "],\"handler_stack\":[" SAMPLE_FRAME(    \
		"0x1120",                                                                          \
		"\"on_int\"") "],\"end_stack\":[],\"locks\":[],\"refcounts\":[],"                  \
			      "\"exception\":null,\"outcome\":\"stuck\",\"latency\":null}}"

#define SAMPLE_WALK(job, eligible, hash, end, complete)                                            \
	"{\"type\":\"walk\",\"job\":" job ",\"walked\":90,\"eligible\":" eligible                  \
	",\"injected\":3,\"path_hash\":\"" hash "\",\"end\":\"" end "\",\"complete\":" complete    \
	"}"

#define SAMPLE_END(reasons)                                                                        \
	"{\"type\":\"end\",\"why_incomplete\":[" reasons "],\"seconds\":1.5,"                      \
	"\"steps_per_second\":1000.0,\"injections_per_second\":300.0}"

#define SAMPLE_HASH "0x00000000000000aa"
#define STUCK_KEY "end/stuck/t:main"
#define EXIT_KEY "end/exit-status/t:main"

/* Two jobs in turn; the record of a complete sweep. */
static const char *const sample_lines[] = {
	SAMPLE_RUN("2"),
	SAMPLE_BASELINE,
	SAMPLE_MODULE("/bin/t"),
	SAMPLE_MODULE("/lib/libc.so.6"),
	SAMPLE_FIDELITY("pipe", "descriptor 3 is a pipe"),
	SAMPLE_TRIAL("1", "same", ""),
	SAMPLE_EXAMPLE(STUCK_KEY, "stuck", "error", "2"),
	SAMPLE_TRIAL("2", "stuck", ",\"findings\":[\"" STUCK_KEY "\"]"),
	SAMPLE_EXAMPLE(STUCK_KEY, "stuck", "error", "3"),
	SAMPLE_TRIAL("3", "stuck", ",\"findings\":[\"" STUCK_KEY "\"]"),
	SAMPLE_TRIAL("4", "same", ",\"unknown\":[\"locks: no symbols\"],\"instructions\":12"),
	SAMPLE_EXAMPLE(EXIT_KEY, "exit-status", "warning", "5"),
	SAMPLE_TRIAL("5", "exit:12",
		     ",\"findings\":[\"" STUCK_KEY "\",\"" EXIT_KEY "\"],\"instructions\":7"),
	SAMPLE_TRIAL("6", "exit:3", ""),
	SAMPLE_WALK("0", "6", SAMPLE_HASH, "the window's end", "true"),
	SAMPLE_WALK("1", "6", SAMPLE_HASH, "the window's end", "true"),
	SAMPLE_END(""),
};

#define SAMPLE_COUNT (sizeof(sample_lines) / sizeof(sample_lines[0]))

static inline void sample_take(struct aggregate *aggregate, const char *line)
{
	if (aggregate_trial_text(aggregate, line, strlen(line)) < 0)
		fail_msg("%s: %s", fail_text(), line);
}

static inline struct aggregate *sample_aggregate(const char *const *lines, size_t count)
{
	struct aggregate *aggregate = aggregate_new();

	for (size_t n = 0; n < count; n++) {
		if (lines[n])
			sample_take(aggregate, lines[n]);
	}
	return aggregate;
}

/* The report of these lines (NULLs are left out); the caller frees. */
static inline json_t *sample_report(const char *const *lines, size_t count)
{
	struct aggregate *aggregate = sample_aggregate(lines, count);
	json_t *report;

	assert_int_equal(report_build(aggregate, "out.json", &report), 0);
	aggregate_free(aggregate);
	return report;
}

static inline char *sample_dump(const json_t *json)
{
	char *text = json_dumps(json, JSON_INDENT(1) | JSON_PRESERVE_ORDER);

	assert_non_null(text);
	return text;
}

#endif
