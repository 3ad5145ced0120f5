/* SPDX-License-Identifier: MIT */
/* How a trial ended, and how the signal arrived: the names of the report. */
#ifndef SIGSWEEP_MODEL_OUTCOME_H
#define SIGSWEEP_MODEL_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

#define OUTCOME_LIST(X)                                                                            \
	X(SAME, "same") /* ended as the baseline: status and output */                             \
	X(EXIT,                                                                                    \
	  "exit") /* exited; with the status, and where that is the baseline's, other output */    \
	X(SIGNAL, "signal")           /* killed by a signal */                                     \
	X(STUCK, "stuck")             /* proved to be asleep for ever */                           \
	X(SPINNING, "spinning")       /* out of time on the CPU */                                 \
	X(TIMEOUT, "timeout")         /* out of time, asleep or waiting */                         \
	X(STOPPED, "stopped")         /* in a group stop (SIGTSTP and the like) */                 \
	X(IGNORED, "ignored")         /* the signal was discarded */                               \
	X(BLOCKED, "blocked")         /* the signal was blocked to the end */                      \
	X(DIVERGED, "diverged")       /* a copy that did not do as its walker */                   \
	X(NOT_REACHED, "not-reached") /* the boundary did not come about */

enum outcome_kind {
#define X(name, text) OUTCOME_##name,
	OUTCOME_LIST(X)
#undef X
};

struct outcome {
	enum outcome_kind kind;
	int number; /* exit status or signal */
};

#define OUTCOME_TEXT 32

/* "exit:3", "signal:SIGSEGV", "stuck", ... into `text`; gives `text`. */
const char *outcome_text(const struct outcome *outcome, char text[OUTCOME_TEXT]);

/* Reads such a name; false when it is none. */
bool outcome_parse(const char *text, struct outcome *outcome);

#define DELIVERY_LIST(X)                                                                           \
	X(NOT, "not")         /* not delivered: no trial */                                        \
	X(ENTERED, "entered") /* the handler was entered */                                        \
	X(DEFAULT, "default") /* the default action was taken */                                   \
	X(IGNORED, "ignored") /* seen and discarded */                                             \
	X(BLOCKED, "blocked") /* blocked at the boundary; pending */                               \
	X(NO_ROOM, "no-room") /* no room on the stack for the handler's frame: SIGSEGV instead */

enum delivery {
#define X(name, text) DELIVERY_##name,
	DELIVERY_LIST(X)
#undef X
};

const char *delivery_text(enum delivery delivery);

#endif
