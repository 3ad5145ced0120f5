/* SPDX-License-Identifier: MIT */
/*
 * Who holds which lock, from the calls that one run of a program makes: each lock that it touches,
 * each stretch from taking to releasing it, and the frame that is responsible for the stretch.
 * Pure: is told of events, asks no process.
 */
#ifndef SIGSWEEP_ORACLES_LOCK_BOOK_H
#define SIGSWEEP_ORACLES_LOCK_BOOK_H

#include "harness/engine/unwind.h"
#include "harness/model/evidence_python.h"
#include "harness/oracles/lock/kinds.h"

struct lock_stack {
	struct frame *frames;
	size_t count;
	struct python_stack python; /* the Python frames among them, if any */
};

/*
 * A stretch in which a lock is held. Its owner is the innermost frame that is there both when the
 * lock is taken and when it is released: whoever calls a wrapper that takes it and another that
 * releases it. While the lock is held that frame must exist.
 */
struct lock_hold {
	struct lock_stack taken; /* at the entry of the function that takes it */
	struct frame owner;      /* cfa 0: not known, it was not seen to be released */
	bool in_handler;         /* taken by a signal handler */
	bool taken_unseen; /* it was held when the book was opened: `taken` is the stack there */
	struct lock_hold *next;
};

struct lock {
	uint64_t address;
	enum lock_kind kind;
	unsigned int width;      /* of an announced word */
	uint64_t free;           /* its word when it is free */
	char *name;              /* announced; NULL: none */
	struct lock_hold *open;  /* held now, as far as was seen */
	uint32_t again;          /* how often more it was taken: for locks that do not tell */
	struct lock_hold *holds; /* that have ended, those that look alike once */
	struct lock_state state; /* as it was at the last event */
	bool is_counter; /* a semaphore that is given before it is taken counts something else */
	bool is_new;     /* made new or destroyed since it was last held */
	uint64_t taken_word;    /* an announced lock's word, where it was said to be taken */
	bool was_taken;         /* since the book was opened */
	bool is_released_first; /* that is the first that was seen of it */
	bool was_released;      /* since the book was opened */
};

struct lock_book {
	struct lock *locks;
	size_t count;
	size_t capacity;
	struct lock_stack start; /* the stack when it was opened */
};

struct lock_event {
	enum lock_effect effect;
	enum lock_kind kind;
	uint64_t address;
	unsigned int width;
	const char *name;
	struct lock_state state; /* before the call */
	const struct frame *frames;
	size_t count;
	struct python_stack python; /* copied where it is needed */
};

void lock_book_note(struct lock_book *book, const struct lock_event *event);
void lock_book_free(struct lock_book *book);

/* NULL: there is none. Valid until the next lock_book_note(). */
struct lock *lock_book_find(const struct lock_book *book, uint64_t address);
/* The lock that begins there, made when there is none. */
struct lock *lock_book_lock(struct lock_book *book, uint64_t address, enum lock_kind kind);

struct lock_stack lock_stack_copy(const struct frame *frames, size_t count);
void lock_stack_free(struct lock_stack *stack);
bool lock_stack_has_handler(const struct frame *frames, size_t count);

/* Position of the frame in a stack, -1: it is not there. A function's frame is told by its address
 * and by the function, since others come to lie there once it is gone. */
int lock_frame_find(const struct frame *frames, size_t count, const struct frame *frame);

/*
 * Was a lock taken with this stack as one of the book's was, by the same calls up to the frame that
 * is responsible for it there? That one's counterpart in `taken` is *owner. `least`: the position
 * from which on a frame can be responsible, 1 where frame 0 is the lock function's.
 */
bool lock_book_find_like(const struct lock_book *book, const struct lock_stack *taken, int least,
			 struct frame *owner);

/* The innermost frame of `a` that is in `b` too; false when there is none. */
bool lock_frame_common(const struct lock_stack *a, const struct frame *b, size_t count,
		       struct frame *common);

#endif
