/* SPDX-License-Identifier: MIT */
/* The part of a run that is swept: where it starts, where it ends, what of it counts. */
#ifndef SIGSWEEP_MODEL_WINDOW_H
#define SIGSWEEP_MODEL_WINDOW_H

#include "harness/base/fail.h"
#include "harness/engine/walker.h"
#include "harness/model/location.h"

#include <stdbool.h>
#include <stdint.h>

struct interpreter;
struct window_line;

enum window_in {
	WINDOW_IN_ALL,
	WINDOW_IN_MODULE,    /* code of modules that match */
	WINDOW_IN_EXTENSION, /* of a CPython: code of modules that match, and all that it calls */
	WINDOW_IN_PYTHON,    /* code executed for a Python frame of a file that matches */
};

struct window {
	const struct location *from;
	const struct location *to;
	const char *in; /* glob, NULL: all */
	int signal;     /* for `handler` */
	uint64_t *ends; /* addresses that end it, or may: window_is_end() says so */
	size_t end_count;

	struct walker *walker;
	struct interpreter *interpreter; /* the walker's CPython, NULL: none */
	char *no_interpreter;            /* why there is none */
	bool has_unread_python;          /* there is one, which cannot be read */
	struct location python_from;     /* `from` and `to` where they are plain names of Python */
	struct location python_to;
	bool ends_in_python;
	uint64_t companion; /* the object of the companion module that this window is; 0: it begins
			       at none */
	bool was_announced; /* a window of the companion module was, be it this one or not */
	struct window_line *line; /* the place FILE.py:LINE that is looked for, NULL: none */
	enum window_in in_kind;
	bool sees_stops_only; /* the injector lets the program run from boundary to boundary: what
				 an extension has called is told by the stack */
	uint64_t inside_sp; /* the stack pointer when the extension was left, 0: it does not run */
};

/* A window with nothing resolved yet; what it points to must outlive it. */
struct window window_of(const struct location *from, const struct location *to, const char *in,
			int signal);

/*
 * Runs a walker that was just started to the window's start. -ENOENT with a sentence when the start
 * was never reached (the walker then has ended) or the place is not known.
 */
int window_enter(struct window *window, struct walker *walker) MUST_CHECK;
void window_free(struct window *window);

/* Does the window end before the instruction where the walker stands? */
bool window_is_end(const struct window *window, uint64_t pc);

/* 0, or -errno with a sentence: the place FILE.py:LINE that was not reached has no code. */
int window_line_refuse(const struct window *window) MUST_CHECK;

/* Is the walker where `in` lets nothing through before code of other modules is executed? */
bool window_is_outside(const struct window *window);

/*
 * Runs such a walker to the next instruction that `in` may let through, or that ends the window, or
 * to its own end: at full speed where that is possible, else one step. What lies between is skipped
 * without being a boundary.
 */
int window_run_inside(struct window *window, struct walker *walker) MUST_CHECK;

/* For injectors that set sees_stops_only, where the walker stands at a system call between two
 * boundaries: it may have brought an extension. */
int window_pass_call(const struct window *window, struct walker *walker) MUST_CHECK;

/* Is the present pc of the walker one that `in` lets through? To be asked at each boundary. */
bool window_is_eligible(struct window *window, struct walker *walker);

#endif
