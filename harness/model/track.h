/* SPDX-License-Identifier: MIT */
/*
 * Follows a signal through a CPython from the C handler on: to the Python handler, the exception
 * that it raises, and the place where that is caught or lost. It is told when words of memory were
 * written, which somebody else watches for it; it only reads. Knows nothing of trials.
 */
#ifndef SIGSWEEP_MODEL_TRACK_H
#define SIGSWEEP_MODEL_TRACK_H

#include "harness/base/fail.h"
#include "harness/engine/unwind.h"
#include "harness/model/interpreter.h"
#include "harness/python/interruption.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WENT_LIST(X)                                                                               \
	X(NONE, "")                        /* no CPython */                                        \
	X(NOT_ENTERED, "not-entered")      /* CPython's C handler did not run */                   \
	X(PENDING, "pending")              /* it did, and nothing acted on it to the end */        \
	X(RETURNED, "returned")            /* the Python handler returned */                       \
	X(CAUGHT, "caught")                /* a clause that names its class took it */             \
	X(UNCAUGHT, "uncaught")            /* it left the outermost frame */                       \
	X(REPLACED, "replaced")            /* another exception went on in its place */            \
	X(BARE_EXCEPT, "lost:bare-except") /* an except without a class, or a finally that         \
					      leaves */                                            \
	X(UNRAISABLE, "lost:unraisable")   /* "Exception ignored in" */                            \
	X(SWALLOWED, "lost:c-code")        /* C code dropped it, or set another over it */         \
	X(UNFINISHED, "unfinished")        /* the process ended before that was decided */         \
	X(UNKNOWN, "unknown")

enum went_kind {
#define X(name, text) WENT_##name,
	WENT_LIST(X)
#undef X
};

const char *went_text(enum went_kind kind);

#define TRACK_WATCHES 4
#define TRACK_FRAMES 128

enum track_state {
	TRACK_OFF,
	TRACK_SIGNAL,   /* the C handler is waited for */
	TRACK_PENDING,  /* it has run */
	TRACK_HANDLER,  /* the Python handler runs */
	TRACK_POLLED,   /* it does not: C code has asked for the signal and taken it */
	TRACK_RAISED,   /* an exception is on its way from frame to frame */
	TRACK_CLAUSE,   /* a clause handles it */
	TRACK_LEFT,     /* the clause is over: the next instruction says how */
	TRACK_RERAISED, /* it raises what it has handled again */
	TRACK_KEPT,     /* a clause took it, and somebody holds it: it may be raised again */
	TRACK_DONE,
};

enum track_word { TRACK_ON_SIGNAL, TRACK_ON_EXCEPTION, TRACK_ON_HANDLED, TRACK_ON_FRAME };

struct track_watch {
	enum track_word what;
	unsigned int slot;
	struct python_bare_frame frame; /* TRACK_ON_FRAME: as it was when this was set */
};

/* The frame of the C function that calls the handler; all zeros: not known. */
struct track_caller {
	uint64_t function; /* its start, or that of its half */
	uint64_t cfa;
	uint64_t target; /* of the call that made the frame; 0: not known */
	bool is_look;    /* it does nothing but to look for signals */
	bool is_poll;    /* it takes the signal, and calls no handler */
};

struct track {
	/* The caller's. */
	struct interpreter *interpreter;
	pid_t pid;
	int signal;
	int (*watch)(void *context, struct python_word word, unsigned int *slot);
	void (*unwatch)(void *context, unsigned int slot);
	/* The exception was taken out of the thread's state (by C code, which may have set another
	 * one in its place, or to be handled). NULL:
	 * not asked, and then not watched for where it need not be. */
	void (*on_taken)(void *context);
	/* The native frames of the process as it stands, as unwind_stack(). */
	size_t (*unwind)(void *context, struct frame *frames, size_t max, bool *complete);
	void *context;
	/* Each instruction costs time while something is watched (watch_step.h): the exception is
	 * watched with the frames, whose way is over when the interpreter takes it, long before the
	 * process ends. */
	bool is_stepped;

	/* What is known. Places are the interpreter's; NULL: none. */
	enum went_kind kind; /* NONE until it is TRACK_DONE */
	enum track_state state;
	char exception[96]; /* the class; "" until it is raised or known */
	char over[96];      /* the class of what was being raised already when the handler was
			     * called; "": nothing was */
	const struct interpreter_place
		*entered; /* the instruction at which the handler was called */
	const struct interpreter_place *raised; /* in the handler, where that is Python */
	const struct interpreter_place *at;     /* where it was caught, lost or replaced */
	char reason[160];                       /* UNKNOWN: why */

	/* Its own. */
	uint64_t thread;
	size_t hits;
	size_t hits_within; /* while the exception was put aside, further in: not among these */
	struct track_watch watches[TRACK_WATCHES];
	size_t watch_count;
	struct python_bare_frame frames[TRACK_FRAMES];
	size_t frame_count;
	size_t frames_left;                /* further out than those watched */
	bool is_deep;                      /* as many frames as can be read: there may be more */
	bool is_other;                     /* RAISED: one of another class was set since, at `at` */
	bool is_taken;                     /* RAISED: the exception is out of the thread's state */
	struct python_bare_frame taken_in; /* is_taken: the innermost frame then; address 0: none */
	bool is_exit;                      /* RAISED: one that ends the program without a word */
	bool is_apart; /* RAISED: the frames do not lead to a script's outermost */
	const struct interpreter_place *outermost; /* RAISED: where its frame was left, if at all */
	uint64_t handled_before;                   /* RAISED: what was being handled */
	struct python_bare_frame home; /* HANDLER: what was interrupted; CLAUSE...: whose clause */
	struct track_caller caller;
	uint64_t last_raised; /* HANDLER: to see where the exception came up */
	bool was_raised;
	struct python_callee handler; /* HANDLER: what its call executes */
	uint64_t last_taken;          /* ... and the frame from which one was just taken */
	int clause_start;
	int clause_at;
	uint64_t object;        /* RAISED: the exception, where it was seen; 0: it was not */
	uint64_t handled;       /* CLAUSE, KEPT: the exception; 0: not known (yet) */
	enum went_kind kept_as; /* KEPT: unless it is raised again */
	char followed[96];      /* the class of what is on its way: `exception`, or once
				 * is_replaced another one, that C code has set over it */
	bool is_replaced;
	const struct interpreter_place *replaced_at;
};

/* The caller's members are filled, all else is zero; the process stands before the delivery. An
 * error to watch makes it UNKNOWN. */
void track_begin(struct track *track, uint64_t thread);

/* The process stands behind an instruction that wrote the words of these slots (a bit each). */
void track_hit(struct track *track, unsigned int slots);

/* Has the C handler run, and nothing acted on it yet? Read from the process as it is now. */
bool track_is_pending(const struct track *track);

/* Ends the track, with the reason: UNKNOWN. */
void track_give_up(struct track *track, const char *reason);

enum track_end {
	TRACK_END_OTHER,
	TRACK_END_STATUS, /* with a status that it has without the signal, and that no exception
			   * that nobody catches gives it */
	TRACK_END_SAME,   /* as without the signal */
};

/* The process is at its end (`is_readable`) or gone; nothing is watched any more. */
void track_end(struct track *track, bool is_readable, enum track_end end);

#endif
