/* SPDX-License-Identifier: MIT */
/*
 * What the files of the python-check oracle share: the invariants that a script has announced with
 * check() of the companion module, called by the interpreter of a copy that is at its end. Knows
 * nothing of how the copy came there.
 */
#ifndef SIGSWEEP_ORACLES_PYTHON_CHECK_H
#define SIGSWEEP_ORACLES_PYTHON_CHECK_H

#include "harness/engine/walker.h"
#include "harness/model/interpreter.h"

#include <stdbool.h>
#include <stddef.h>

enum python_check_verdict {
	PYTHON_CHECK_HOLDS,
	PYTHON_CHECK_VIOLATED, /* it returned something false */
	PYTHON_CHECK_RAISED,
	PYTHON_CHECK_LATE, /* it had not returned when the time was over; those behind it were not
			      called */
};

struct python_check {
	char *name;
	char *text; /* of the exception, else "" */
	enum python_check_verdict verdict;
};

struct python_checks {
	struct python_check *list;
	size_t count;
};

#define PYTHON_CHECK_SECONDS 2.0 /* that all checks of a program have */

/* Has the process announced any? */
bool python_check_is_there(const struct python *python, pid_t pid);

/* Calls them in a copy; it is spoilt by that. */
int python_check_ask(struct python_checks *checks, struct interpreter *interpreter,
		     const struct walker *walker) MUST_CHECK;
void python_check_free(struct python_checks *checks);

/* The one of another list that stands for the n-th of this one: the same name, the same number of
 * that name. NULL: none. */
const struct python_check *python_check_find(const struct python_checks *checks, size_t n,
					     const struct python_checks *other);

#endif
