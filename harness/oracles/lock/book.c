/* SPDX-License-Identifier: MIT */
/* See book.h. */
#include "harness/oracles/lock/book.h"

#include "harness/base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define HOLDS_MAX 64 /* stretches of one lock that do not look alike */

struct lock_stack lock_stack_copy(const struct frame *frames, size_t count)
{
	struct lock_stack stack = {.count = count};

	stack.frames = alloc_resize(NULL, count ? count : 1, sizeof(*frames));
	if (count)
		memcpy(stack.frames, frames, count * sizeof(*frames));
	return stack;
}

void lock_stack_free(struct lock_stack *stack)
{
	free(stack->frames);
	python_stack_free(&stack->python);
	*stack = (struct lock_stack){0};
}

bool lock_stack_has_handler(const struct frame *frames, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (frames[i].is_signal_frame)
			return true;
	return false;
}

static bool is_same_frame(const struct frame *a, const struct frame *b)
{
	return a->cfa == b->cfa && a->function_start == b->function_start;
}

int lock_frame_find(const struct frame *frames, size_t count, const struct frame *frame)
{
	for (size_t i = 0; i < count; i++)
		if (is_same_frame(&frames[i], frame))
			return (int)i;
	return -1;
}

static bool is_like(const struct lock_hold *hold, const struct lock_stack *taken, int least,
		    struct frame *owner)
{
	const int at = lock_frame_find(hold->taken.frames, hold->taken.count, &hold->owner);

	if (hold->taken_unseen || at < least || (size_t)at >= taken->count)
		return false;
	for (int i = 0; i <= at; i++)
		if (hold->taken.frames[i].pc != taken->frames[i].pc)
			return false;
	*owner = taken->frames[at];
	return true;
}

bool lock_book_find_like(const struct lock_book *book, const struct lock_stack *taken, int least,
			 struct frame *owner)
{
	for (size_t i = 0; i < book->count; i++)
		for (const struct lock_hold *hold = book->locks[i].holds; hold; hold = hold->next)
			if (is_like(hold, taken, least, owner))
				return true;
	return false;
}

bool lock_frame_common(const struct lock_stack *a, const struct frame *b, size_t count,
		       struct frame *common)
{
	for (size_t i = 0; i < a->count; i++) {
		if (a->frames[i].is_signal_frame || lock_frame_find(b, count, &a->frames[i]) < 0)
			continue;
		*common = a->frames[i];
		return true;
	}
	return false;
}

static void free_hold(struct lock_hold *hold)
{
	if (hold)
		lock_stack_free(&hold->taken);
	free(hold);
}

void lock_book_free(struct lock_book *book)
{
	for (size_t i = 0; i < book->count; i++) {
		struct lock *lock = &book->locks[i];

		while (lock->holds) {
			struct lock_hold *next = lock->holds->next;

			free_hold(lock->holds);
			lock->holds = next;
		}
		free_hold(lock->open);
		free(lock->name);
	}
	free(book->locks);
	lock_stack_free(&book->start);
	*book = (struct lock_book){0};
}

struct lock *lock_book_find(const struct lock_book *book, uint64_t address)
{
	for (size_t i = 0; i < book->count; i++)
		if (book->locks[i].address == address)
			return &book->locks[i];
	return NULL;
}

struct lock *lock_book_lock(struct lock_book *book, uint64_t address, enum lock_kind kind)
{
	struct lock *lock = lock_book_find(book, address);

	if (lock)
		return lock;
	alloc_grow((void **)&book->locks, book->count, &book->capacity, sizeof(*book->locks));
	lock = &book->locks[book->count++];
	*lock = (struct lock){.address = address, .kind = kind, .free = lock_usual_free(kind)};
	return lock;
}

static bool looks_alike(const struct lock_hold *a, const struct lock_hold *b)
{
	return a->in_handler == b->in_handler && is_same_frame(&a->owner, &b->owner) &&
	       a->taken.count == b->taken.count &&
	       (a->taken.count < 2 || a->taken.frames[1].pc == b->taken.frames[1].pc);
}

static void keep(struct lock *lock, struct lock_hold *hold)
{
	size_t count = 0;

	for (struct lock_hold *other = lock->holds; other; other = other->next) {
		if (looks_alike(other, hold) || ++count == HOLDS_MAX) {
			free_hold(hold);
			return;
		}
	}
	hold->next = lock->holds;
	lock->holds = hold;
}

static void copy_python(struct python_stack *to, const struct python_stack *from)
{
	if (!from->count)
		return;
	to->count = from->count;
	to->frames = alloc_resize(NULL, from->count, sizeof(*to->frames));
	memcpy(to->frames, from->frames, from->count * sizeof(*to->frames));
}

static struct lock_hold *new_hold(const struct lock_event *event)
{
	struct lock_hold *hold = alloc_zero(sizeof(*hold));

	hold->taken = lock_stack_copy(event->frames, event->count);
	copy_python(&hold->taken.python, &event->python);
	hold->in_handler = lock_stack_has_handler(event->frames, event->count);
	return hold;
}

static void begin_hold(struct lock *lock, const struct lock_event *event)
{
	free_hold(lock->open);
	lock->open = new_hold(event);
	lock->again = 0;
	lock->is_new = false;
	lock->was_taken = true;
	lock->taken_word = event->state.word;
}

static void take(struct lock *lock, const struct lock_event *event, uint32_t level)
{
	/* Else it waits, is refused, or has it once more (or beside others). */
	if (level == 0 || (lock->kind == LOCK_SEMAPHORE && event->state.word > 0))
		begin_hold(lock, event);
	else
		lock->again += lock->kind == LOCK_FILE;
}

static void end_hold(struct lock *lock, const struct lock_event *event,
		     const struct lock_stack *start)
{
	struct lock_hold *hold = lock->open;

	lock->was_released = true;
	lock->open = NULL;
	/* Released twice, or by a wrapper (mtx_unlock) and what that calls. */
	if (!hold && lock->was_taken)
		return;
	lock->was_taken = true;
	if (!hold) {
		hold = alloc_zero(sizeof(*hold));
		hold->taken = lock_stack_copy(start->frames, start->count);
		hold->taken_unseen = true;
	}
	if (lock_frame_common(&hold->taken, event->frames, event->count, &hold->owner))
		keep(lock, hold);
	else
		free_hold(hold);
}

static void release(struct lock *lock, const struct lock_event *event, uint32_t level,
		    const struct lock_stack *start)
{
	if (lock->kind == LOCK_SEMAPHORE && !lock->open && level == 0)
		lock->is_counter = true;
	else if (lock->again)
		lock->again--;
	else if (level == 1 || lock->kind == LOCK_SEMAPHORE || lock->kind == LOCK_ANNOUNCED)
		end_hold(lock, event, start);
}

/* A lock that shows its state by another word than that of a free one: which is that? Seen where
 * the lock is not yet held; an announced one is told of when it is held already. */
static void learn_free(struct lock *lock, const struct lock_event *event, bool is_first)
{
	if (is_first && (lock->kind == LOCK_SEMAPHORE || lock->kind == LOCK_SPIN) &&
	    (event->effect == LOCK_TAKE || event->effect == LOCK_TRY) &&
	    (lock->kind == LOCK_SPIN || event->state.word > 0))
		lock->free = event->state.word;
}

static void forget(struct lock *lock)
{
	free_hold(lock->open);
	lock->open = NULL;
	lock->is_new = true;
}

void lock_book_note(struct lock_book *book, const struct lock_event *event)
{
	const bool is_first = !lock_book_find(book, event->address);
	struct lock *lock = lock_book_lock(book, event->address, event->kind);
	uint32_t level;

	/* The memory of one that was freed may be that of another now. */
	if (lock->kind != event->kind) {
		forget(lock);
		lock->kind = event->kind;
		lock->free = lock_usual_free(event->kind);
	}
	if (event->name && !lock->name)
		lock->name = alloc_text(event->name);
	if (event->width)
		lock->width = event->width;
	learn_free(lock, event, is_first || lock->is_new);
	lock->is_released_first |= is_first && event->effect == LOCK_RELEASE;
	lock->state = event->state;
	level = event->kind == LOCK_ANNOUNCED
			? lock->open != NULL
			: lock_level(lock->kind, &event->state, lock->free, lock->width);
	switch (event->effect) {
	case LOCK_TAKE:
	case LOCK_SHARE:
	case LOCK_TRY:
		take(lock, event, level);
		break;
	case LOCK_RELEASE:
		release(lock, event, level, &book->start);
		break;
	case LOCK_FORGET:
		forget(lock);
		break;
	case LOCK_DECLARE:
		break;
	}
}
