/* SPDX-License-Identifier: MIT */
/*
 * An injector knows one kind of boundary: it drives the walker from one to the next. One const
 * struct in one file under injectors/, one row in injectors/table.c.
 */
#ifndef SIGSWEEP_MODEL_INJECTOR_H
#define SIGSWEEP_MODEL_INJECTOR_H

#include "harness/base/fail.h"
#include "harness/engine/walker.h"
#include "harness/model/boundary.h"
#include "harness/model/window.h"

#include <stdbool.h>
#include <sys/types.h>

struct injection {
	struct walker *walker;
	struct window *window;
	void *state; /* the injector's own */
	/* Would the system call before which the walker stands block? Tried out in a copy. */
	int (*would_block)(void *context, bool *blocks);
	void *context;
};

struct injector {
	const char *name;
	const char *help;
	/* Is it possible on this machine and target? 0, or -errno with a sentence. NULL: always. */
	int (*probe)(struct injection *injection);
	/* The walker stands at the window's start. */
	int (*open)(struct injection *injection);
	/* To the next boundary: 1 and it is filled (but for index); 0 at the window's end (the
	 * walker may have ended); -errno. The first call gives the boundary at the window's start.
	 */
	int (*next)(struct injection *injection, struct boundary *boundary);
	void (*close)(struct injection *injection);
};

extern const struct injector *const injector_table[]; /* NULL-terminated */
const struct injector *injector_find(const char *name);

#endif
