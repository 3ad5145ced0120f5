/* SPDX-License-Identifier: MIT */
/*
 * Python code executed by the interpreter of a copy that is thrown away: for what its own objects
 * tell best. Knows nothing of what is asked.
 */
#ifndef SIGSWEEP_MODEL_ASK_PYTHON_H
#define SIGSWEEP_MODEL_ASK_PYTHON_H

#include "harness/base/fail.h"
#include "harness/engine/symbols.h"
#include "harness/python/python.h"

#include <sys/types.h>

#define ASK_PYTHON_LIMIT 20.0 /* seconds, for code that is known to end */

/*
 * Has the process, which is ours to spoil, execute `script` in a namespace of its own, and gives
 * the str that it has assigned to `answer` in new memory (the caller frees). The process is stopped
 * where code of the interpreter may be called: it has the GIL and is in no call that could be
 * disturbed (where MOMENT_FINALIZE is, say). No breakpoint may be in its code. `script` has no
 * three quotes in a row and no backslash. Signals that
 * wait to be handled by Python are handled first, and what they raise is dropped. It has `limit`
 * seconds. -ENODATA: it assigned none; else as remote_call().
 */
int ask_python_within(const struct python *python, struct symbols *symbols, pid_t pid,
		      const char *script, double limit, char **answer) MUST_CHECK;

/* The same within ASK_PYTHON_LIMIT. */
int ask_python(const struct python *python, struct symbols *symbols, pid_t pid, const char *script,
	       char **answer) MUST_CHECK;

/* Has it collect garbage, which also empties its lists of free objects, and leaves no addresses over
 * in them. Where and what becomes of signals as above; errors as of remote_call(). */
int ask_python_collect(struct symbols *symbols, pid_t pid) MUST_CHECK;

#endif
