/* SPDX-License-Identifier: MIT */
/*
 * CPython: an interruption that was answered and then lost. The Python handler raised an exception,
 * and nobody who asked for it got it: C code dropped it, it came up where none can be raised, or an
 * except without a class took it. And what it meets: an exception that was set already. What became
 * of the signal is the trial's to know (went.h).
 */
#include "harness/base/signals.h"
#include "harness/model/evidence.h"
#include "harness/model/trial.h"
#include "harness/oracles/table.h"

#include <stdio.h>
#include <string.h>

/* "script.py:function" of where something happened. */
static const char *place_of(const struct interpreter_place *place)
{
	return place ? place->place : "outside of Python code";
}

static size_t violate(struct verdict *verdict, const char *kind, enum severity severity,
		      const char *place)
{
	verdict->value = VERDICT_VIOLATED;
	verdict->kind = kind;
	verdict->severity = severity;
	snprintf(verdict->place, sizeof(verdict->place), "%s", place);
	return 1;
}

static size_t judge_swallowed(const struct trial *trial, struct verdict *verdict)
{
	const struct went *went = &trial->went;

	snprintf(verdict->title, sizeof(verdict->title),
		 "%.60s is dropped by %.90s, called in %.50s", went->track.exception,
		 *went->by ? went->by : "C code", place_of(went->track.at));
	return violate(verdict, "swallowed", SEVERITY_ERROR,
		       *went->by ? went->by : place_of(went->track.at));
}

static size_t judge_unraisable(const struct trial *trial, struct verdict *verdict)
{
	const struct track *track = &trial->went.track;

	snprintf(verdict->title, sizeof(verdict->title),
		 "%s comes up in %s, from where it cannot be raised: it is printed and forgotten",
		 track->exception, place_of(track->entered));
	return violate(verdict, "unraisable", SEVERITY_WARNING, place_of(track->entered));
}

static size_t judge_bare(const struct trial *trial, struct verdict *verdict)
{
	const struct track *track = &trial->went.track;

	snprintf(verdict->title, sizeof(verdict->title),
		 "%s is taken by an except without a class, or a finally that leaves, in %s",
		 track->exception, place_of(track->at));
	return violate(verdict, "bare-except", SEVERITY_WARNING, place_of(track->at));
}

/* Whichever of the two goes on, the other is lost; a handler that returns has run with one set. */
static size_t judge_over(const struct trial *trial, struct verdict *verdict)
{
	const struct went *went = &trial->went;
	const char *by = *went->over_by ? went->over_by : place_of(went->track.entered);

	if (!*went->track.over)
		return 0;
	snprintf(verdict->title, sizeof(verdict->title),
		 "%.100s looks for signals while %.60s is being raised: the handler is called over "
		 "it",
		 by, went->track.over);
	return violate(verdict, "doubled", SEVERITY_ERROR, by);
}

/* What became of what the handler raised. */
static size_t judge_raised(const struct trial *trial, struct verdict *verdicts)
{
	switch (trial->went.track.kind) {
	case WENT_SWALLOWED:
		return judge_swallowed(trial, verdicts);
	case WENT_UNRAISABLE:
		return judge_unraisable(trial, verdicts);
	case WENT_BARE_EXCEPT:
		return judge_bare(trial, verdicts);
	case WENT_UNKNOWN:
		verdicts->value = VERDICT_UNKNOWN;
		snprintf(verdicts->title, sizeof(verdicts->title), "%s", trial->went.track.reason);
		return 1;
	default:
		return 0;
	}
}

static size_t judge(void *state, const struct trial *trial, struct verdict *verdicts)
{
	const size_t count = judge_over(trial, verdicts);

	(void)state;
	return count + judge_raised(trial, verdicts + count);
}

const struct oracle oracle_lost = {
	.name = "lost",
	.help = "CPython: interruptions that C code, __del__ or a bare except drops",
	.needs = ORACLE_NEEDS_PYTHON | ORACLE_NEEDS_WENT,
	.judge = judge,
};
