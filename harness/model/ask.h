/* SPDX-License-Identifier: MIT */
/* A question to the program's own code, put to a copy that is thrown away. */
#ifndef SIGSWEEP_MODEL_ASK_H
#define SIGSWEEP_MODEL_ASK_H

#include "harness/base/fail.h"
#include "harness/model/stage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the function of this name (the first module that has it), called without arguments, returns
 * in a copy of the walker where it stands: the address of a thread's variable, say, which is the
 * same in every copy. -ENOENT: no module has it; else as remote_call().
 */
int ask_copy(struct stage *stage, const char *function, uint64_t *result) MUST_CHECK;

/* The same with at most six arguments. */
int ask_copy_about(struct stage *stage, const char *function, const uint64_t *arguments,
		   size_t count, uint64_t *result) MUST_CHECK;

struct thread_blocks;

/*
 * ask_copy() for the address of a variable of the walker's thread. `blocks`: what is allocated in
 * the walker. `*is_there`: nothing had to be allocated for the answer, which then holds for the
 * walker and all its copies. Else, as long as a process has the same blocks, the variable has never
 * been used in it.
 */
int ask_copy_thread(struct stage *stage, const char *function, uint64_t *address,
		    struct thread_blocks *blocks, bool *is_there) MUST_CHECK;

#endif
