/* SPDX-License-Identifier: MIT */
/*
 * A scenario: a program, its arguments and surroundings, a window, a signal, the oracles. Made from
 * the command line, a manifest or a report; everything after it only reads it.
 */
#ifndef SIGSWEEP_MODEL_SCENARIO_H
#define SIGSWEEP_MODEL_SCENARIO_H

#include "harness/base/fail.h"
#include "harness/engine/snapshot.h"
#include "harness/model/injector.h"
#include "harness/model/location.h"
#include "harness/model/oracle.h"
#include "harness/model/outcome.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct list {
	char **items; /* NULL-terminated */
	size_t count;
	size_t capacity;
};

void list_add(struct list *list, const char *item); /* copies it */
void list_free(struct list *list);

struct scenario {
	char *program;           /* path to execute */
	struct list arguments;   /* argv, with argv[0] as given */
	struct list environment; /* changes: NAME=VALUE, or NAME to unset */
	struct list watched;     /* folders in which files left behind count; none: everywhere */
	struct list environ;     /* the whole environment, made by scenario_finish() */
	char *directory;         /* NULL: the present one */
	char *stdin_path;        /* NULL: stdin_text */
	char *stdin_text;        /* NULL: empty */

	int signal;
	const struct injector *injector;
	const struct snapshot_strategy *strategy;
	struct location from;
	struct location to;
	bool takes_window; /* a window that the program itself opens takes the place of these two */
	char *in;
	const struct oracle *oracles[ORACLES_MAX]; /* NULL-terminated */
	struct outcome expected[32];               /* ends that are no finding */
	size_t expected_count;
	int baseline_status; /* the exit status that it has when nothing interrupts it */

	unsigned int jobs;      /* 0: one for each CPU */
	double timeout;         /* seconds; 0: from the baseline */
	double max_latency;     /* seconds on the CPU until a CPython acts on the signal */
	double budget_seconds;  /* 0: none */
	uint64_t budget_trials; /* 0: none */
	bool keep_vdso;
};

/* Defaults: SIGINT, instruction, fork, from handler to exit, all oracles. */
void scenario_init(struct scenario *scenario);
void scenario_free(struct scenario *scenario);

int scenario_set_oracles(struct scenario *scenario, const char *names) MUST_CHECK;
int scenario_set_expected(struct scenario *scenario, const char *names) MUST_CHECK;
int scenario_set_budget(struct scenario *scenario,
			const char *value) MUST_CHECK; /* "60" "500trials" */

/* Finds and checks the program (arguments.items[0]), fills what was left out, makes the
 * environment. -errno with a sentence for whatever cannot be run. */
int scenario_finish(struct scenario *scenario) MUST_CHECK;

/* After scenario_finish(): the program's file did not tell that it becomes a CPython, but it does.
 * What was left out is filled anew, and the environment is another one. */
void scenario_take_python(struct scenario *scenario);

bool scenario_expects(const struct scenario *scenario, const struct outcome *outcome);

/* The `scenario` object of record and report, and back again. */
json_t *scenario_json(const struct scenario *scenario);
int scenario_from_json(struct scenario *scenario, const json_t *object) MUST_CHECK;

#endif
