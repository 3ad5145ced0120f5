/* SPDX-License-Identifier: MIT */
/* See exception.h: references that a handler takes or gives back of exceptions that it leaves. */
#include "harness/oracles/python/exception.h"

#include "harness/model/evidence.h"
#include "harness/model/interpreter.h"

#include <stdio.h>
#include <string.h>

/* Compares one object. Values are exceptions; None, in a word that holds no exception, is mortal up
 * to 3.11 and nobody's concern here. */
static void compare(struct exception_recount *recount, const struct trial *trial, uint64_t object)
{
	const struct python *python = interpreter_python(trial->stage->interpreter);
	const pid_t walker = trial->stage->walker.pid;
	bool is_immortal;

	if (!object || recount->object ||
	    python_refcount(python, walker, object, &recount->was, &is_immortal) || is_immortal ||
	    python_refcount(python, trial->pid, object, &recount->is, &is_immortal) ||
	    recount->was == recount->is ||
	    python_type_name(python, walker, object, recount->name, sizeof(recount->name)) ||
	    strcmp(recount->name, "NoneType") == 0)
		return;
	recount->object = object;
}

void exception_recount(struct exception_recount *recount, const struct trial *trial,
		       const struct python_exception_words *words)
{
	for (size_t i = 0; i < sizeof(words->current) / sizeof(*words->current); i++) {
		compare(recount, trial, words->current[i]);
		compare(recount, trial, words->handled[i]);
	}
	fail_clear();
}

size_t exception_recount_judge(const struct exception_recount *recount, const struct trial *trial,
			       struct verdict *verdict)
{
	if (!recount->object)
		return 0;
	exception_violate(verdict, "refcount");
	evidence_place(&trial->stage->walker, trial->handler, verdict->place,
		       sizeof(verdict->place));
	snprintf(verdict->title, sizeof(verdict->title),
		 "the signal handler %.80s leaves the %.50s that is being raised or handled with "
		 "%lld references in place of %lld",
		 verdict->place, recount->name, (long long)recount->is, (long long)recount->was);
	verdict->evidence =
		json_pack("{s:{s:o, s:s, s:I, s:I}}", "exception", "object",
			  evidence_address(recount->object), "type", recount->name, "before",
			  (json_int_t)recount->was, "after", (json_int_t)recount->is);
	return 1;
}
