/* SPDX-License-Identifier: MIT */
/* What the files of the oracle python-exception know of each other. */
#ifndef SIGSWEEP_ORACLES_PYTHON_EXCEPTION_H
#define SIGSWEEP_ORACLES_PYTHON_EXCEPTION_H

#include "harness/base/fail.h"
#include "harness/model/boundary.h"
#include "harness/model/oracle.h"
#include "harness/model/stage.h"
#include "harness/model/trial.h"
#include "harness/python/python.h"

#include <stdbool.h>
#include <stdint.h>

/* exception.c */

struct verdict *exception_violate(struct verdict *verdict, const char *kind);
const char *exception_name(const struct python_exception *exception);
json_t *exception_evidence(const struct python_exception *exception);

/*
 * exception_damage.c: what becomes of an exception that CPython was recording when the signal came,
 * if the handler sets another one: found out in copies, in which the interrupted function is taken
 * to its end with and without the handler.
 */

/* What the interrupted function made of the exception state. */
struct exception_damage {
	bool is_torn; /* words of the handler's exception beside words of the interrupted one */
	bool is_low;  /* an object has a reference less than without the handler */
	uint64_t low; /* it */
	struct python_exception_words expected; /* after the update, without the signal */
	struct python_exception_words got;      /* and with it */
};

/*
 * The walker stands at `boundary`, whose handler is known to return with another exception than it
 * found. Nothing is broken where the interrupted function does not itself go on to change the
 * exception within some hundred instructions and before it calls something or returns. 0 or -errno
 * when the harness failed.
 */
int exception_damage_find(struct exception_damage *damage, struct stage *stage,
			  const struct boundary *boundary, uint64_t thread) MUST_CHECK;

/*
 * exception_count.c: the references to what is being raised and handled, which a handler that
 * leaves it alone must leave alone as well.
 */

struct exception_recount {
	uint64_t object; /* 0: all counts are as they were */
	int64_t was;
	int64_t is;
	char name[96]; /* its class */
};

/* The handler of a trial has just returned, to `words` as they were at the boundary, where the
 * walker still stands. */
void exception_recount(struct exception_recount *recount, const struct trial *trial,
		       const struct python_exception_words *words);
size_t exception_recount_judge(const struct exception_recount *recount, const struct trial *trial,
			       struct verdict *verdict);

/* exception_end.c */

#define EXCEPTION_END_MAX 32

/* Where finalization begins. A program that ends without it (os._exit()) may do so anywhere, also
 * while it handles an exception: nothing is said of it. */
struct exception_end {
	bool is_known;
	struct python_exception set;
	struct python_exception handled[EXCEPTION_END_MAX]; /* innermost first; no empty items */
	size_t count;
};

void exception_end_read(struct exception_end *end, const struct trial *trial);
/* Against the control's. */
size_t exception_end_judge(const struct exception_end *expected, const struct exception_end *got,
			   const struct trial *trial, struct verdict *verdict);

#endif
