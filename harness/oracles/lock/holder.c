/* SPDX-License-Identifier: MIT */
/*
 * Who holds a lock when a trial ends: the code that was interrupted, as it does in the baseline, or
 * somebody after the signal, as the trial shows when it is made once more and watched.
 */
#include "harness/oracles/lock/lock.h"

#define STEPS_MAX 20000 /* instructions, some 20 us each */

/* Is it taken without a call that could be watched? */
static bool is_silent(const struct lock_point *point)
{
	return point->kind == LOCK_WORD || point->kind == LOCK_FILE ||
	       point->kind == LOCK_LOW_LEVEL;
}

/* What the undisturbed program next does with the lock: is it to release it? */
static bool is_released_next(struct lock_oracle *oracle, const struct trial *trial,
			     const struct lock_point *point)
{
	struct lock_book book = {0};
	struct lock_watch watch = {
		.sites = &oracle->sites, .book = &book, .only = &point->address, .only_count = 1};
	const struct lock *lock;
	bool is_next;

	lock_oracle_places(oracle, trial);
	if (lock_retrace(&watch, trial->stage, trial->boundary, false,
			 trial->stage->baseline->trial_limit))
		fail_clear();
	lock = lock_book_find(&book, point->address);
	is_next = lock && lock->is_released_first;
	lock_book_free(&book);
	return is_next;
}

/* Does the walker stand in a function that releases locks? */
static bool is_releasing(struct lock_oracle *oracle, const struct trial *trial)
{
	const struct trial_stack *here = lock_oracle_here(oracle, trial);

	lock_oracle_places(oracle, trial);
	for (size_t i = 0; i < here->count; i++)
		for (size_t n = 0; n < oracle->sites.count; n++)
			if (oracle->sites.list[n].pc == here->frames[i].function_start &&
			    oracle->sites.list[n].effect == LOCK_RELEASE)
				return true;
	return false;
}

static bool is_static(const struct lock_point *point, struct symbols *symbols)
{
	struct object_place object;

	return symbols_module_at(symbols, point->address) ||
	       symbols_object_at(symbols, point->address, &object);
}

/*
 * Is the lock held at the boundary? Its word says so, but for announced ones. A word on a stack or
 * a heap may not be a lock yet, or no more: then the baseline knows of no stretch in which it is
 * held that would fit, or the undisturbed program does not go on to release it.
 */
static bool is_held_here(struct lock_oracle *oracle, const struct trial *trial,
			 const struct lock_point *point)
{
	if (point->kind == LOCK_ANNOUNCED)
		return is_released_next(oracle, trial, point);
	if (lock_point_level(point, trial->stage->walker.pid) == 0)
		return false;
	if (is_silent(point) || is_static(point, trial->stage->walker.symbols))
		return true;
	return lock_oracle_hold(oracle, trial, point->address) &&
	       (is_releasing(oracle, trial) || is_released_next(oracle, trial, point));
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

/*
 * Taken after the signal. A handler that took it is responsible as a whole; of other code the
 * baseline tells who is. What does not occur there (a program on its way out after an error, say)
 * is not judged.
 */
static void describe_open(const struct lock_oracle *oracle, const struct lock *lock,
			  struct lock_holder *holder)
{
	const struct lock_hold *hold = lock->open;

	holder->taken = &hold->taken;
	holder->in_handler = hold->in_handler;
	for (size_t i = 1; hold->in_handler && i < hold->taken.count; i++) {
		if (!hold->taken.frames[i].is_signal_frame)
			continue;
		holder->owner = hold->taken.frames[i - 1];
		holder->is_owner_known = true;
		break;
	}
	if (!holder->is_owner_known)
		holder->is_owner_known = lock_book_find_like(&oracle->knowledge->book, &hold->taken,
							     1, &holder->owner);
	holder->is_held = holder->is_owner_known;
}

static void describe_before(struct lock_oracle *oracle, const struct trial *trial,
			    const struct lock_point *point, struct lock_holder *holder)
{
	const struct lock_hold *hold = lock_oracle_hold(oracle, trial, point->address);

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

bool lock_find_holder(struct lock_oracle *oracle, const struct trial *trial,
		      const struct lock_point *point, struct lock_holder *holder)
{
	const struct lock *lock;

	*holder = (struct lock_holder){0};
	if (is_held_here(oracle, trial, point))
		describe_before(oracle, trial, point, holder);
	/* A lock that is waited for need not be among those that are held at the end. */
	if (!lock_oracle_retrace(oracle, trial, point->level <= point->base))
		return false;
	lock = lock_book_find(&oracle->book, point->address);
	if (lock && lock->open) {
		*holder = (struct lock_holder){0};
		describe_open(oracle, lock, holder);
	} else if (lock && (lock->is_new || lock->was_released)) {
		holder->is_held = false; /* the word is that of something else now */
	} else if (!holder->is_held && is_silent(point)) {
		/* Where the handler went on to jump away, what took it silently is gone. */
		holder->is_held =
			oracle->is_at_exit && trial->handler && !oracle->watch.follow.has_returned;
	}
	return true;
}
