/* SPDX-License-Identifier: MIT */
/*
 * The python-check oracle: invariants that a script has announced with check() of the companion
 * module, called where the script is over. Each trial is made once more, and that copy is asked if
 * it comes there. What they say without the signal is asked first, in one copy for each walker,
 * which also tells whether there are any: a program without checks costs no more than that.
 */
#include "harness/oracles/python/check.h"

#include "harness/base/alloc.h"
#include "harness/base/signals.h"
#include "harness/base/utf8.h"
#include "harness/model/follow.h"
#include "harness/model/oracle.h"
#include "harness/oracles/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SHOWN 80

/* Does the program have checks? */
enum presence {
	PRESENCE_NOT_ASKED,
	PRESENCE_NONE,
	PRESENCE_SOME,
	PRESENCE_NO_END, /* without the signal it never comes to where they would be called */
};

struct oracle_state {
	enum presence presence;
	char *no_base; /* why `base` could not be had; NULL: it is there */
	struct python_checks base;
	struct python_checks now;
};

/* One copy that is made once more. */
struct asking {
	struct python_checks *checks;
	bool is_base;
	bool is_at_end;  /* it came to the script's end */
	bool has_checks; /* and has some */
	bool has_ended;  /* it did not come there, and is over */
};

static int begin(const struct stage *stage, void *knowledge, void **state)
{
	(void)stage;
	(void)knowledge;
	*state = alloc_zero(sizeof(struct oracle_state));
	return 0;
}

static int before(void *state, const struct trial *trial)
{
	struct oracle_state *oracle = state;

	(void)trial;
	python_check_free(&oracle->now);
	return 0;
}

static int stop_here(void *context)
{
	struct follow *follow = context;

	follow->is_done = true;
	return 0;
}

static int drive(void *context, struct walker *follower, const struct trial *trial)
{
	struct asking *asking = context;
	struct interpreter *interpreter = trial->stage->interpreter;
	const struct python *python = interpreter_python(interpreter);
	struct follow follow = {.walker = follower, .on_breakpoint = stop_here};
	int error = walker_add_breakpoint(follower, python_image(python)->finalize);

	follow.context = &follow;
	if (!error)
		error = follow_run(&follow);
	walker_clear_breakpoints(follower);
	asking->is_at_end = !error && follow.is_done && follower->end == WALKER_RUNS;
	asking->has_ended = !follow.is_done && !follow.has_threads && !follow.is_blocked;
	if (!asking->is_at_end)
		return error;
	asking->has_checks = python_check_is_there(python, follower->pid);
	return asking->has_checks ? python_check_ask(asking->checks, interpreter, follower) : 0;
}

static int ask(struct asking *asking, const struct trial *trial)
{
	const struct retrace retrace = {.with_signal = !asking->is_base,
					.limit = trial->stage->baseline->trial_limit,
					.drive = drive,
					.context = asking};

	return retrace_run(&retrace, trial->stage, trial->boundary);
}

static void ask_base(struct oracle_state *oracle, const struct trial *trial)
{
	struct asking asking = {.checks = &oracle->base, .is_base = true};

	if (oracle->presence != PRESENCE_NOT_ASKED)
		return;
	if (trial->stage->baseline->awaits_signal) {
		oracle->presence = PRESENCE_NO_END;
		return;
	}
	if (ask(&asking, trial)) {
		oracle->no_base = alloc_text(fail_text());
		fail_clear();
	}
	if (!asking.is_at_end)
		oracle->presence = PRESENCE_NO_END;
	else
		oracle->presence = asking.has_checks ? PRESENCE_SOME : PRESENCE_NONE;
}

/* Why nothing can be said of a check that does not hold; NULL: something can. */
static const char *excuse(const struct oracle_state *oracle, size_t n)
{
	const struct python_check *then = python_check_find(&oracle->now, n, &oracle->base);

	if (oracle->no_base)
		return oracle->no_base;
	if (!then)
		return "without the signal there is no such check";
	if (then->verdict == PYTHON_CHECK_LATE)
		return "without the signal it does not return in time either";
	if (then->verdict != PYTHON_CHECK_HOLDS)
		return "it does not hold without the signal either";
	if (oracle->now.list[n].verdict == PYTHON_CHECK_LATE)
		return "it did not return in time: it waits for something, or is slow";
	return NULL;
}

/* The beginning of a text, whole characters. */
static int shown(const char *text)
{
	const size_t size = strlen(text);
	size_t length = 0;

	while (length < size) {
		const size_t more = utf8_sequence(text + length, size - length);

		if (!more || length + more > TEXT_SHOWN)
			break;
		length += more;
	}
	return (int)length;
}

static void tell(const struct trial *trial, const struct python_check *check,
		 struct verdict *verdict)
{
	const bool has_raised = check->verdict == PYTHON_CHECK_RAISED;
	char sent[SIGNAL_NAME_SIZE];

	signal_name(trial->stage->scenario->signal, sent);
	verdict->value = VERDICT_VIOLATED;
	verdict->kind = has_raised ? "raised" : "violated";
	verdict->severity = SEVERITY_ERROR;
	snprintf(verdict->place, sizeof(verdict->place), "%s", check->name);
	if (has_raised)
		snprintf(verdict->title, sizeof(verdict->title),
			 "after %s here the check '%s' raises at the end: %.*s", sent, check->name,
			 shown(check->text), check->text);
	else
		snprintf(verdict->title, sizeof(verdict->title),
			 "after %s here the check '%s' does not hold at the end", sent,
			 check->name);
	verdict->evidence = json_pack("{s:s, s:s}", "name", check->name, "text", check->text);
}

static size_t unknown(struct verdict *verdict, const char *what, const char *why)
{
	verdict->value = VERDICT_UNKNOWN;
	snprintf(verdict->title, sizeof(verdict->title), "%s: %s", what, why);
	return 1;
}

static size_t judge_check(const struct oracle_state *oracle, const struct trial *trial, size_t n,
			  struct verdict *verdict)
{
	const struct python_check *check = &oracle->now.list[n];
	const struct python_check *then = python_check_find(&oracle->now, n, &oracle->base);
	char what[160];
	const char *why;

	/* One that is broken by itself says nothing, whatever it says now. */
	if (check->verdict == PYTHON_CHECK_HOLDS && then && then->verdict == PYTHON_CHECK_HOLDS)
		return 0;
	if (check->verdict == PYTHON_CHECK_HOLDS && !then && !oracle->no_base)
		return 0;
	why = excuse(oracle, n);
	if (!why) {
		tell(trial, check, verdict);
		return 1;
	}
	snprintf(what, sizeof(what), "the check '%s'", check->name);
	return unknown(verdict, what, why);
}

/* The copy came to no end that it could be asked at: then the trial, which went the same way, did
 * not either, and owes nothing, unless it was the copy that could not be followed. */
static size_t judge_no_end(const struct asking *asking, const struct trial *trial,
			   struct verdict *verdict)
{
	const enum outcome_kind kind = trial->outcome.kind;

	if (asking->has_ended || kind == OUTCOME_STUCK || kind == OUTCOME_SPINNING ||
	    kind == OUTCOME_TIMEOUT)
		return 0;
	return unknown(verdict, "the checks",
		       "the trial could not be followed to the script's end once more");
}

/* Only what the program has announced by now is known of one that never comes to its end. */
static size_t judge_without_base(const struct trial *trial, struct verdict *verdict)
{
	const struct stage *stage = trial->stage;

	if (!python_check_is_there(interpreter_python(stage->interpreter), stage->walker.pid))
		return 0;
	return unknown(verdict, "the checks",
		       "without the signal the interpreter never comes to its own end (os._exit(), "
		       "exec, threads, waiting for the signal), where they would be called");
}

static size_t judge(void *state, const struct trial *trial, struct verdict *verdicts)
{
	struct oracle_state *oracle = state;
	struct asking asking = {.checks = &oracle->now};
	size_t count = 0;

	if (!python_image(interpreter_python(trial->stage->interpreter))->finalize)
		return 0;
	ask_base(oracle, trial);
	if (oracle->presence == PRESENCE_NONE)
		return 0;
	if (oracle->presence == PRESENCE_NO_END)
		return judge_without_base(trial, verdicts);
	if (ask(&asking, trial)) {
		count = unknown(verdicts, "the checks", fail_text());
		fail_clear();
		return count;
	}
	if (!asking.is_at_end)
		return judge_no_end(&asking, trial, verdicts);
	for (size_t i = 0; i < oracle->now.count && count < VERDICTS_MAX; i++)
		count += judge_check(oracle, trial, i, &verdicts[count]);
	return count;
}

static void end(void *state)
{
	struct oracle_state *oracle = state;

	if (!oracle)
		return;
	python_check_free(&oracle->base);
	python_check_free(&oracle->now);
	free(oracle->no_base);
	free(oracle);
}

const struct oracle oracle_python_check = {
	.name = "python-check",
	.help = "CPython: invariants announced to the companion module, called where the script is "
		"over",
	.needs = ORACLE_NEEDS_PYTHON,
	.begin = begin,
	.before = before,
	.judge = judge,
	.end = end,
};
