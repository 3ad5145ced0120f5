/* SPDX-License-Identifier: MIT */
/*
 * Who holds a lock when the interpreter begins to end: the code that was interrupted, as it does in
 * the baseline, or somebody after the signal, as the trial shows when it is made once more.
 */
#include "harness/oracles/python_lock/python_lock.h"

/* Where the walker stands, in Python frames. */
static size_t read_here(const struct trial *trial, struct frame *frames)
{
	struct walker *walker = &trial->stage->walker;
	const struct registers *registers;

	if (walker_registers(walker, &registers)) {
		fail_clear();
		return 0;
	}
	return python_lock_stack(trial->stage->interpreter, walker->pid, registers, frames,
				 TRIAL_FRAMES);
}

/* A generator's frame is there also while it is suspended. */
static bool is_frame_there(const struct trial *trial, const struct frame *frame)
{
	const struct python *python = interpreter_python(trial->stage->interpreter);
	uint64_t code;
	bool is_new;

	return python_frame_code(python, trial->stage->walker.pid, frame->cfa, &code, &is_new) ==
		       0 &&
	       code == frame->function_start;
}

/* The stretch of the baseline in which the lock is held at the boundary: the one whose owner is
 * innermost on the stack, else one whose owner is there although it does not run. */
static const struct lock_hold *find_hold(const struct python_lock_oracle *oracle,
					 const struct trial *trial, uint64_t address)
{
	const struct lock *lock = lock_book_find(&oracle->knowledge->book, address);
	const struct lock_hold *best = NULL;
	const struct lock_hold *suspended = NULL;
	struct frame here[TRIAL_FRAMES];
	const size_t count = read_here(trial, here);
	int best_at = 0;

	for (const struct lock_hold *hold = lock ? lock->holds : NULL; hold; hold = hold->next) {
		const int at = lock_frame_find(here, count, &hold->owner);

		if (at >= 0 && (!best || at < best_at)) {
			best = hold;
			best_at = at;
		} else if (at < 0 && hold->owner.cfa && is_frame_there(trial, &hold->owner)) {
			suspended = hold;
		}
	}
	return best ? best : suspended ? suspended : lock ? lock->open : NULL;
}

static bool find(const struct python_lock_oracle *oracle, const struct trial *trial,
		 const struct lock_point *point, struct python_lock_holder *holder)
{
	const struct lock *lock = lock_book_find(&oracle->book, point->address);
	const struct lock_hold *hold;

	if (lock && lock->open) {
		holder->taken = &lock->open->taken;
		/* What does not occur in the baseline (a program on its way out after an error,
		 * say) is not judged. */
		return lock_book_find_like(&oracle->knowledge->book, holder->taken, 0,
					   &holder->owner);
	}
	/* Released, or the word is that of something else now. */
	if (lock && (lock->is_new || lock->was_released))
		return false;
	if (lock_point_level(point, trial->stage->walker.pid) == 0)
		return false;
	hold = find_hold(oracle, trial, point->address);
	if (!hold)
		return false;
	holder->before = true;
	holder->taken = hold->taken_unseen ? NULL : &hold->taken;
	holder->owner = hold->owner;
	return true;
}

bool python_lock_find_holder(struct python_lock_oracle *oracle, const struct trial *trial,
			     const struct lock_point *point, struct python_lock_holder *holder)
{
	*holder = (struct python_lock_holder){0};
	if (!find(oracle, trial, point, holder))
		return false;
	if (holder->owner.cfa)
		holder->generator = python_lock_names_generator(&oracle->left, holder->owner.cfa);
	return true;
}
