/* SPDX-License-Identifier: MIT */
/*
 * Names the C function that Python code has called, for a native stack that goes through the
 * interpreter's loop. Stripped modules have names too: the tables of methods that the interpreter
 * itself calls by.
 */
#ifndef SIGSWEEP_MODEL_CALLEE_H
#define SIGSWEEP_MODEL_CALLEE_H

#include "harness/engine/unwind.h"
#include "harness/model/interpreter.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct callee_name {
	char module[128];   /* the file's name */
	char function[128]; /* as symbols, or as Python (METH_...) have it, else "+0xOFFSET" */
};

/*
 * Of the frames that the innermost run of the loop has called (all of them where there is none):
 * the outermost of an extension module, else of the interpreter and its libraries, else of the
 * C library. False:
 * the loop called nothing.
 */
bool callee_find(struct walker *walker, struct interpreter *interpreter, pid_t pid,
		 const struct frame *frames, size_t count, struct callee_name *name);

/* Is a function whose name contains this word among those frames? */
bool callee_passes(struct walker *walker, struct interpreter *interpreter,
		   const struct frame *frames, size_t count, const char *word);

#endif
