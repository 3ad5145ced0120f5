/* SPDX-License-Identifier: MIT */
/* The window of a program for which none was named: what only a run of it can tell. */
#ifndef SIGSWEEP_MODEL_WINDOW_DEFAULT_H
#define SIGSWEEP_MODEL_WINDOW_DEFAULT_H

#include "harness/base/fail.h"
#include "harness/model/stage.h"

/*
 * A program for which no window's start was named, and which is none of a CPython as far as its
 * file tells, may execute one: a shell script, `env`, a loader. If it has executed anything, runs
 * it once more up to where a CPython begins with its script; *becomes: it comes there. 0, or
 * -errno when the harness failed.
 */
int window_becomes_python(const struct scenario *scenario, const struct baseline *baseline,
			  const struct resources *resources, bool *becomes) MUST_CHECK;

/*
 * Where the scenario takes a window that the program opens with the companion module, runs it once
 * up to there; if it opens one, from and to of the scenario become `window`. 0, or -errno when the
 * harness failed.
 */
int window_default(struct scenario *scenario, const struct baseline *baseline,
		   const struct resources *resources) MUST_CHECK;

#endif
