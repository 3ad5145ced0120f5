/* SPDX-License-Identifier: MIT */
/*
 * Cleanup of Python programs that an interruption skipped: a trial and the baseline are followed
 * once more, opcode by opcode, from a boundary to their ends, and compared. The files of this
 * oracle only.
 */
#ifndef SIGSWEEP_ORACLES_CLEANUP_H
#define SIGSWEEP_ORACLES_CLEANUP_H

#include "harness/base/fail.h"
#include "harness/model/boundary.h"
#include "harness/model/interpreter.h"
#include "harness/model/stage.h"
#include "harness/python/blocks.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

/* A code object that ran. */
struct cleanup_code {
	uint64_t stamp;
	char *file;
	char *function;
	struct python_blocks blocks;
	bool is_known; /* false: its blocks could not be found */
};

struct cleanup_codes {
	struct cleanup_code **list;
	size_t count;
	size_t capacity;
	void *by_address; /* codes.c's own */
};

/* The number of the code object at `address` in a process; it is read where it is new. -1: it
 * cannot be read. */
int cleanup_codes_find(struct cleanup_codes *codes, const struct python *python, pid_t pid,
		       uint64_t address, bool may_have_changed);
void cleanup_codes_free(struct cleanup_codes *codes);

/* An opcode that was executed. */
struct cleanup_event {
	uint64_t frame;
	int code; /* a number of cleanup_codes */
	int offset;
};

/* Opcode by opcode what a copy did from the boundary to its end. */
struct cleanup_course {
	struct cleanup_event *events;
	size_t count;
	size_t capacity;
	bool has_handled;    /* the Python handler was called, after */
	size_t handled_at;   /* so many events; else as many as there are */
	uint64_t entered;    /* with statements of the innermost frame whose __enter__ had returned
			      * then, though it is its call that was interrupted */
	bool has_ended;      /* it came to an end of its own, be it by the signal */
	const char *unknown; /* why nothing can be said; NULL: it can */
};

/* Makes one: without the signal, or with it, where it is given the undisturbed one.
 * cleanup_course_free() frees. */
int cleanup_follow(struct stage *stage, const struct boundary *boundary, struct dispatch *dispatch,
		   struct cleanup_codes *codes, const struct cleanup_course *undisturbed,
		   struct cleanup_course *course) MUST_CHECK;
void cleanup_course_free(struct cleanup_course *course);

/* Cleanup that the baseline finished and the trial did not. */
struct cleanup_loss {
	int code; /* a number of cleanup_codes */
	int line; /* of the with statement, or the first one of the finally's body */
	int missing_code;
	int missing; /* the first line of what did not run */
	bool is_with;
	bool has_begun; /* some of it had run */
};

#define CLEANUP_LOSSES_MAX 7

/*
 * Compares the two. `frames` are those of the walker at the boundary, innermost first. At most
 * CLEANUP_LOSSES_MAX losses and their number, or -errno with a sentence on why it cannot be known.
 */
ssize_t cleanup_compare(const struct cleanup_codes *codes, unsigned int minor,
			const struct cleanup_event *frames, size_t frame_count,
			const struct cleanup_course *expected, const struct cleanup_course *got,
			struct cleanup_loss *losses) MUST_CHECK;

/* What is known of all trials in which the exception comes up at one moment of the run. */
struct cleanup_rising {
	char *key; /* the place: code and instruction of all frames */
	struct cleanup_loss losses[CLEANUP_LOSSES_MAX];
	ssize_t count; /* -1: not known */
	char *reason;

	bool recurs;    /* the run comes to the place again */
	uint64_t until; /* boundaries walked (struct boundary): those before it belong to the moment
			 */
	uint64_t fingerprint;
	UT_hash_handle hh;
};

/* The moment at which the exception comes up in a trial, by the place. Takes the key (malloc).
 * *is_known: it was asked for before; else to be filled. Owned by `places`, which
 * cleanup_free_visits() frees. */
struct cleanup_rising *cleanup_find_visit(struct cleanup_rising **places, char *key,
					  const struct boundary *boundary, uint64_t fingerprint,
					  bool *is_known);
void cleanup_free_visits(struct cleanup_rising **places);

/* What tells it from other visits to the place, by the courses from `boundary` on. */
void cleanup_note_visit(struct cleanup_rising *rising, const struct boundary *boundary,
			const struct cleanup_event *frames, size_t frame_count,
			const struct cleanup_course *expected, const struct cleanup_course *got);

/* A number for what the frames hold, and for the first words of what that points at. */
uint64_t cleanup_fingerprint(pid_t pid, const struct python_place *frames, size_t count);

#endif
