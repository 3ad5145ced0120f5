/* SPDX-License-Identifier: MIT */
/*
 * What the files of the lock oracle share. Detection is cheap: the words of all known locks are
 * read when a trial ends. Only where a word says that a lock is held that the baseline does not
 * hold is the trial made once more and watched (watch.h), to learn who took it and when.
 */
#ifndef SIGSWEEP_ORACLES_LOCK_H
#define SIGSWEEP_ORACLES_LOCK_H

#include "harness/model/notes.h"
#include "harness/model/oracle.h"
#include "harness/oracles/lock/watch.h"

#define LOCK_NAME_SIZE 120

/* A lock whose word is read at a trial's end. */
struct lock_point {
	uint64_t address;
	enum lock_kind kind;
	unsigned int width;
	uint64_t free;
	char *name;      /* announced, or of a stream; NULL: none */
	uint64_t stream; /* LOCK_FILE: the FILE; else 0 */
	uint32_t base;   /* its level at the baseline's end */
	bool is_fixed;   /* in memory that is never freed: always looked at */
	bool is_opaque;  /* announced, and its word does not change when it is taken */
	bool is_closed;  /* its stream was, in this trial */
	uint32_t level;  /* at this trial's end */
};

struct lock_points {
	struct lock_point *list; /* sorted by address when `sorted` */
	size_t count;
	size_t capacity;
	bool sorted;
};

struct lock_point *lock_points_add(struct lock_points *points, uint64_t address,
				   enum lock_kind kind);
struct lock_point *lock_points_find(const struct lock_points *points, uint64_t address);
/* The lock in whose memory a word lies that somebody waits at; NULL: none. */
struct lock_point *lock_points_around(const struct lock_points *points, uint64_t word);
/* Takes over what a book tells of its locks, but no levels. */
void lock_points_add_book(struct lock_points *points, const struct lock_book *book);
void lock_points_copy(struct lock_points *to, const struct lock_points *from);
void lock_points_free(struct lock_points *points);
/* Reads all levels; true when one is above its base or cannot be told from its word. */
bool lock_points_read(struct lock_points *points, pid_t pid);
/* The lock's level in a process, 0 where it cannot be read. */
uint32_t lock_point_level(const struct lock_point *point, pid_t pid);

/* Adds the locks of all open streams (stdio.h) of the process; `list`: where the C library keeps
 * the first (_IO_list_all), 0: it has none. */
void lock_files_add(struct lock_points *points, struct symbols *symbols, pid_t pid, uint64_t list);
uint64_t lock_files_list(struct symbols *symbols);
/* Is the stream open? */
bool lock_files_is_open(pid_t pid, uint64_t list, uint64_t stream);

/* What the survey learns. */
struct lock_knowledge {
	struct lock_book book;
	struct lock_points points;
	char *reason; /* why something may have been missed; NULL: nothing was */
};

int lock_prepare(struct stage *stage, void **knowledge) MUST_CHECK;
int lock_survey(struct stage *stage, void **knowledge) MUST_CHECK;
void lock_forget(void *knowledge);

/* The oracle's state for one walker. */
struct lock_oracle {
	const struct lock_knowledge *knowledge;
	struct lock_points points;
	struct lock_sites sites;
	bool sites_are_known;
	uint64_t *ends; /* of the window */
	size_t end_count;
	uint64_t file_list;
	uint64_t file_first; /* the stream that it named last */
	uint64_t *handlers;  /* of which it is known what they lock */
	size_t handler_count;
	size_t handler_capacity;
	struct notes told; /* places of verdicts that had evidence */

	/* This trial's. */
	bool has_candidates;
	bool is_at_exit;
	struct trial_stack end; /* where it ended */
	bool is_retraced;
	int retrace_error;
	struct lock_watch watch;
	struct lock_book book;
	struct trial_stack here; /* the walker's at the boundary; count 0: not yet read */
};

/* Where locks are taken and where the window ends: found when first needed. */
void lock_oracle_places(struct lock_oracle *oracle, const struct trial *trial);
/* The trial made once more: the watch and the book are filled, with all locks, or with those that
 * are held at its end. False when that failed (then the sentence is there). */
bool lock_oracle_retrace(struct lock_oracle *oracle, const struct trial *trial, bool all);
/* Takes the locks that the retrace has come to into the list. */
void lock_oracle_learn(struct lock_oracle *oracle, const struct trial *trial);
/* The walker's stack at the boundary. */
const struct trial_stack *lock_oracle_here(struct lock_oracle *oracle, const struct trial *trial);
/* The stretch of the baseline in which the lock is held at the boundary, NULL: not known. */
const struct lock_hold *lock_oracle_hold(struct lock_oracle *oracle, const struct trial *trial,
					 uint64_t address);
/* Fill verdicts from `count` on and give the new count. A lock that a stuck trial waits for is
 * given to the second as `except`. */
size_t lock_judge_stuck(struct lock_oracle *oracle, const struct trial *trial,
			struct verdict *verdicts, size_t count, uint64_t *waited_for);
size_t lock_judge_held(struct lock_oracle *oracle, const struct trial *trial,
		       struct verdict *verdicts, size_t count, uint64_t except);

/* Who holds a lock when the trial ends. */
struct lock_holder {
	bool is_held;
	bool is_owner_known;
	struct frame owner;
	const struct lock_stack *taken; /* where it was taken; NULL: not seen */
	bool before;                    /* before the signal came */
	bool in_handler;
};

/* False when it could not be found out (then there is a sentence). */
bool lock_find_holder(struct lock_oracle *oracle, const struct trial *trial,
		      const struct lock_point *point, struct lock_holder *holder);

/* The undisturbed program from the boundary on, stepped until it releases the lock. */
struct lock_stepping {
	const struct lock_point *point;
	uint64_t limit; /* instructions */

	bool is_released;
	struct frame frames[TRIAL_FRAMES]; /* there */
	size_t count;
	struct unwinder *unwinder;
};

int lock_step_to_release(struct lock_stepping *stepping, struct stage *stage,
			 const struct boundary *boundary) MUST_CHECK;

/* "lock", "the lock of stdout", "libc.so.6+0x1d2c80"; "" where it is in memory without a name. The
 * same in every run. */
void lock_name(struct symbols *symbols, const struct lock_point *point, char name[LOCK_NAME_SIZE]);
/* "NAME (KIND)", or "a KIND taken in FUNCTION": to tell findings apart. */
void lock_place(struct symbols *symbols, const struct lock_point *point,
		const struct lock_holder *holder, char *place, size_t size);
/* {"locks": [{address, kind, name, held_by, waiting}]} */
json_t *lock_evidence(struct lock_oracle *oracle, const struct trial *trial,
		      const struct lock_point *point, const struct lock_holder *holder,
		      bool is_waited_for);
/* A function's name for a title. */
void lock_frame_name(struct symbols *symbols, const struct frame *frame, char *name, size_t size);

#endif
