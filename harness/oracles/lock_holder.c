/* SPDX-License-Identifier: MIT */
/*
 * Who holds a lock when a trial ends: the code that was interrupted, as it does in the baseline, or
 * somebody after the signal, as the trial shows when it is made once more and watched.
 */
#include "harness/oracles/lock.h"

#define STEPS_MAX 20000 /* instructions, some 20 us each */

/* Is it taken without a call that could be watched? */
static bool is_silent(const struct lock_point *point)
{
	return point->kind == LOCK_WORD || point->kind == LOCK_FILE ||
	       point->kind == LOCK_LOW_LEVEL;
}

/* An announced lock is held at the boundary if the undisturbed program's next word on it is that it
 * is released. */
static bool is_announced_here(struct lock_oracle *oracle, const struct trial *trial,
			      const struct lock_point *point)
{
	struct lock_book book = {0};
	struct lock_watch watch = {.sites = &oracle->sites, .book = &book};
	const struct lock *lock;
	bool is_held = false;

	lock_oracle_places(oracle, trial);
	if (lock_retrace(&watch, trial->stage, trial->boundary, false,
			 trial->stage->baseline->trial_limit))
		fail_clear();
	lock = lock_book_find(&book, point->address);
	if (lock)
		is_held = lock->is_released_first;
	lock_book_free(&book);
	return is_held;
}

static bool is_held_here(struct lock_oracle *oracle, const struct trial *trial,
			 const struct lock_point *point)
{
	if (point->kind == LOCK_ANNOUNCED)
		return is_announced_here(oracle, trial, point);
	return lock_point_level(point, trial->stage->walker.pid) > 0;
}

/* Steps the undisturbed program until it releases the lock: the innermost frame of the boundary's
 * stack that is there still is responsible for it. */
static bool find_owner_by_stepping(struct lock_oracle *oracle, const struct trial *trial,
				   const struct lock_point *point, struct frame *owner)
{
	const struct trial_stack *here = lock_oracle_here(oracle, trial);
	const struct lock_stack stack = {.frames = (struct frame *)here->frames,
					 .count = here->count};
	struct lock_stepping stepping = {.point = point, .limit = STEPS_MAX};

	if (lock_step_to_release(&stepping, trial->stage, trial->boundary)) {
		fail_clear();
		return false;
	}
	return stepping.is_released &&
	       lock_frame_common(&stack, stepping.frames, stepping.count, owner);
}

/* Taken after the signal. A handler that took it is responsible as a whole; of other code only the
 * baseline could tell who is. */
static void describe_open(const struct lock *lock, struct lock_holder *holder)
{
	const struct lock_hold *hold = lock->open;

	holder->is_held = true;
	holder->taken = &hold->taken;
	holder->in_handler = hold->in_handler;
	for (size_t i = 1; hold->in_handler && i < hold->taken.count; i++) {
		if (!hold->taken.frames[i].is_signal_frame)
			continue;
		holder->owner = hold->taken.frames[i - 1];
		holder->is_owner_known = true;
		return;
	}
}

/* Was it held before the program was watched? Then the first that is seen of it is its release. */
static bool is_released_unseen(const struct lock_oracle *oracle, uint64_t address)
{
	const struct lock *lock = lock_book_find(&oracle->knowledge->book, address);

	return lock && lock->is_released_first;
}

static void describe_before(struct lock_oracle *oracle, const struct trial *trial,
			    const struct lock_point *point, struct lock_holder *holder)
{
	const struct lock_hold *hold = lock_oracle_hold(oracle, trial, point->address);

	if (!is_silent(point) && (!hold || hold->taken_unseen) &&
	    !is_released_unseen(oracle, point->address))
		return; /* memory that only becomes a lock later, on the stack for one */
	holder->is_held = true;
	holder->before = true;
	if (hold) {
		holder->taken = hold->taken_unseen ? NULL : &hold->taken;
		holder->owner = hold->owner;
		holder->is_owner_known = hold->owner.cfa != 0;
	} else if (is_silent(point)) {
		holder->is_owner_known =
			find_owner_by_stepping(oracle, trial, point, &holder->owner);
	}
}

/* The process ended in the handler, and what took the lock is still there: a dying process needs to
 * release nothing. */
static bool is_dying_with_it(const struct lock_oracle *oracle, const struct trial *trial,
			     const struct lock_holder *holder)
{
	const struct trial_stack *end = &oracle->end;

	return holder->is_owner_known &&
	       lock_frame_find(end->frames, end->count, &holder->owner) >= 0 &&
	       (trial->delivery == DELIVERY_DEFAULT ||
		lock_stack_has_handler(end->frames, end->count));
}

bool lock_find_holder(struct lock_oracle *oracle, const struct trial *trial,
		      const struct lock_point *point, struct lock_holder *holder)
{
	const bool ends_in_handler = lock_stack_has_handler(oracle->end.frames, oracle->end.count);
	const struct lock *lock;

	*holder = (struct lock_holder){0};
	if (is_held_here(oracle, trial, point)) {
		describe_before(oracle, trial, point, holder);
		if (is_dying_with_it(oracle, trial, holder))
			return true;
	} else if (ends_in_handler && trial->outcome.kind != OUTCOME_STUCK) {
		return true; /* whoever took it since is part of the handler */
	}
	if (!lock_oracle_retrace(oracle, trial))
		return false;
	lock = lock_book_find(&oracle->book, point->address);
	if (lock && lock->open) {
		*holder = (struct lock_holder){0};
		describe_open(lock, holder);
	} else if (lock && (lock->is_new || lock->was_released)) {
		holder->is_held = false; /* the word is that of something else now */
	} else if (!holder->is_held && is_silent(point)) {
		/* Where the handler went on to jump away, what took it silently is gone. */
		holder->is_held =
			oracle->is_at_exit && trial->handler && !oracle->watch.has_returned;
	}
	return true;
}
