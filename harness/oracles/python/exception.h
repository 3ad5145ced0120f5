/* SPDX-License-Identifier: MIT */
/*
 * What becomes of an exception that CPython was recording when the signal came, if the handler
 * sets another one: found out in copies, in which the interrupted function is taken to its end with
 * and without the handler. The files of this oracle only.
 */
#ifndef SIGSWEEP_ORACLES_PYTHON_EXCEPTION_H
#define SIGSWEEP_ORACLES_PYTHON_EXCEPTION_H

#include "harness/base/fail.h"
#include "harness/model/boundary.h"
#include "harness/model/stage.h"
#include "harness/python/python.h"

#include <stdbool.h>
#include <stdint.h>

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

#endif
