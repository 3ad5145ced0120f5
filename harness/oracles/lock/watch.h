/* SPDX-License-Identifier: MIT */
/*
 * Follows a run of the program with breakpoints at everything that takes and releases locks, and
 * enters what it does into a book. The run is a walker: the oracle's own run of the program, or a
 * copy of the sweep's walker that is driven as one.
 */
#ifndef SIGSWEEP_ORACLES_LOCK_WATCH_H
#define SIGSWEEP_ORACLES_LOCK_WATCH_H

#include "harness/model/follow.h"
#include "harness/oracles/lock/book.h"

/* Where something happens to a lock. */
struct lock_site {
	uint64_t pc;
	enum lock_kind kind;
	enum lock_effect effect;
	const char *arguments; /* of a probe; NULL: a function, whose first argument it is */
	bool is_loader;        /* libraries came or went */
};

struct lock_sites {
	struct lock_site *list; /* sorted by pc */
	size_t count;
	size_t capacity;
	size_t functions; /* how many of them are functions */
	/* Code whose semaphores are left out: a CPython's, which are the locks of Python's own that
	 * the python-lock oracle sees. 0: none. */
	uint64_t inner_start;
	uint64_t inner_end;
};

/* All sites of the walker's modules as they are now. Strings are those of its symbols. */
void lock_sites_find(struct lock_sites *sites, const struct walker *walker);
void lock_sites_free(struct lock_sites *sites);

struct lock_watch {
	struct follow follow; /* its walker, and how far it came */
	const struct lock_sites *sites;
	struct lock_book *book;
	struct interpreter *interpreter; /* for the Python frames of stacks; NULL: none */
	uint64_t limit;                  /* events, 0: any number */
	const uint64_t *only;            /* addresses of the locks of interest; NULL: all */
	size_t only_count;
	const uint64_t *ends; /* of the window */
	size_t end_count;

	bool has_started;
	uint64_t events;
	struct trial_stack window_end; /* where it first came to the window's end; count 0: never */
	bool is_over_limit;
	bool needs_sites; /* it stands where the loader has changed the libraries */
};

/* Runs on until the end, the limit, or needs_sites. 0 or -errno when the harness failed. */
int lock_watch_run(struct lock_watch *watch) MUST_CHECK;

/* Reads the state of a lock; false when its memory is gone. */
bool lock_read(pid_t pid, uint64_t address, enum lock_kind kind, struct lock_state *state);

/*
 * A trial made once more, watched: afterwards `watch` and its book tell what it did with locks from
 * the boundary on. Without the signal it is what the walker would do. The walker stands at
 * `boundary` and is there afterwards. `limit`: seconds that it may sleep.
 */
int lock_retrace(struct lock_watch *watch, struct stage *stage, const struct boundary *boundary,
		 bool with_signal, double limit) MUST_CHECK;

#endif
