/* SPDX-License-Identifier: MIT */
/* Follows a run with breakpoints where CPython takes and releases locks, and enters what it does
 * into a book, with Python frames. */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/oracles/python_lock/python_lock.h"

#include <stdlib.h>

size_t python_lock_stack(struct interpreter *interpreter, pid_t pid,
			 const struct registers *registers, struct frame *frames, size_t max)
{
	struct python_frame *python = alloc_zero(max * sizeof(*python));
	ssize_t count = interpreter_frames(interpreter, pid, registers, python, max);

	if (count < 0)
		fail_clear();
	for (ssize_t i = 0; i < count; i++)
		frames[i] =
			(struct frame){.cfa = python[i].address,
				       .function_start = python[i].code,
				       .pc = python[i].code + (uint64_t)(int64_t)python[i].offset,
				       .is_exact = true};
	free(python);
	return count < 0 ? 0 : (size_t)count;
}

uint64_t python_lock_object_of(const struct python_lock_objects *objects, uint64_t lock)
{
	for (size_t i = 0; i < objects->count; i++)
		if (objects->list[i].lock == lock)
			return objects->list[i].object;
	return 0;
}

/* The last one that had the lock. */
static void set_object(struct python_lock_objects *objects, uint64_t lock, uint64_t object)
{
	for (size_t i = 0; i < objects->count; i++) {
		if (objects->list[i].lock == lock) {
			objects->list[i].object = object;
			return;
		}
	}
	alloc_grow((void **)&objects->list, objects->count, &objects->capacity,
		   sizeof(*objects->list));
	objects->list[objects->count++] =
		(struct python_lock_object){.lock = lock, .object = object};
}

/* The walker stands at a function's first instruction: does the interpreter's own code call it? */
static bool is_called_within(const struct python_lock_watch *watch,
			     const struct registers *registers)
{
	const struct python_image *image = python_image(interpreter_python(watch->interpreter));
	uint64_t back;

	return !memory_read(watch->follow.walker->pid, registers_sp(registers), &back,
			    sizeof(back)) &&
	       back >= image->start && back < image->end;
}

/* Fills address and effect. */
static bool find_lock(struct python_lock_watch *watch, const struct python_lock_site *site,
		      const struct registers *registers, struct lock_event *event)
{
	const uint64_t argument = registers_argument(registers, 0);
	uint64_t *address = &event->address;

	if (site->is_exchange)
		return python_lock_inlined_read(site, watch->follow.walker->pid, registers, address,
						&event->effect);
	*address = site->address ? site->address : argument + site->offset;
	if (site->is_pointer &&
	    memory_read(watch->follow.walker->pid, *address, address, sizeof(*address)))
		return false;
	if (site->is_object)
		set_object(&watch->objects, *address, argument);
	return true;
}

static bool is_watched(const struct python_lock_watch *watch, uint64_t lock)
{
	for (size_t n = 0; n < watch->word_count; n++)
		if (watch->words[n]->address == lock)
			return true;
	return false;
}

/* Was it made new or destroyed since it was held? Then its memory may be anything, whatever is
 * written there, until a function takes it. */
static bool is_forgotten(const struct python_lock_watch *watch, uint64_t address)
{
	const struct lock *lock = lock_book_find(watch->book, address);

	return lock && lock->is_new;
}

/* Has who is about to take it to wait? */
static bool is_to_wait(const struct lock_event *event)
{
	if (event->effect != LOCK_TAKE && event->effect != LOCK_TRY)
		return false;
	return event->kind == LOCK_SEMAPHORE ? event->state.word == 0 : event->state.level > 0;
}

static int note(struct python_lock_watch *watch, const struct python_lock_site *site)
{
	struct walker *walker = watch->follow.walker;
	struct lock_event event = {.kind = site->kind, .effect = site->effect};
	const struct registers *registers;
	struct frame frames[TRIAL_FRAMES];
	int error = walker_registers(walker, &registers);

	if (error)
		return error;
	if ((site->is_inner && !is_called_within(watch, registers)) ||
	    !find_lock(watch, site, registers, &event) ||
	    !lock_read(walker->pid, event.address, event.kind, &event.state))
		return 0;
	if (event.effect == LOCK_DECLARE)
		return 0;
	watch->events++;
	watch->waited_for = is_to_wait(&event) ? event.address : 0;
	if (event.effect != LOCK_FORGET && is_watched(watch, event.address) &&
	    !is_forgotten(watch, event.address))
		return 0;
	if (event.effect != LOCK_FORGET)
		event.count = python_lock_stack(watch->interpreter, walker->pid, registers, frames,
						TRIAL_FRAMES);
	event.frames = frames;
	lock_book_note(watch->book, &event);
	return 0;
}

/* A word was written: taken or released, as what it tells now. */
static int note_word(struct python_lock_watch *watch, size_t n)
{
	struct walker *walker = watch->follow.walker;
	const struct lock_point *point = watch->words[n];
	const uint32_t level = lock_point_level(point, walker->pid);
	struct lock_event event = {.kind = point->kind, .address = point->address};
	const struct registers *registers;
	struct frame frames[TRIAL_FRAMES];
	int error = walker_registers(walker, &registers);

	if (error || (level > 0) == (watch->levels[n] > 0) || is_forgotten(watch, point->address)) {
		watch->levels[n] = level;
		return error;
	}
	watch->levels[n] = level;
	event.effect = level > 0 ? LOCK_TAKE : LOCK_RELEASE;
	/* As it was before. */
	event.state.is_sane = true;
	event.state.level = level == 0;
	event.state.word = point->kind == LOCK_SEMAPHORE ? level > 0 : event.state.level;
	event.count =
		python_lock_stack(watch->interpreter, walker->pid, registers, frames, TRIAL_FRAMES);
	event.frames = frames;
	lock_book_note(watch->book, &event);
	return 0;
}

static int on_watch(void *context)
{
	struct python_lock_watch *watch = context;
	int error = 0;

	for (size_t n = 0; !error && n < watch->word_count; n++)
		if (watch->follow.walker->watched & 1U << n)
			error = note_word(watch, n);
	return error;
}

int python_lock_watch_word(struct python_lock_watch *watch, const struct lock_point *point)
{
	struct walker *walker = watch->follow.walker;
	const size_t n = watch->word_count;
	int error;

	if (n == TRACE_WATCHES)
		return 0;
	error = trace_set_watch(walker->pid, (unsigned int)n, WATCH_WRITE, point->address,
				point->kind == LOCK_SEMAPHORE ? 4 : 1);
	if (error)
		return error;
	walker->watches |= 1U << n;
	watch->words[n] = point;
	watch->levels[n] = lock_point_level(point, walker->pid);
	watch->word_count++;
	return 0;
}

static int on_end(struct python_lock_watch *watch)
{
	const struct registers *registers;
	int error = walker_registers(watch->follow.walker, &registers);

	if (error)
		return error;
	watch->is_at_end = true;
	watch->follow.is_done = true;
	watch->frame_count = python_lock_stack(watch->interpreter, watch->follow.walker->pid,
					       registers, watch->frames, TRIAL_FRAMES);
	return 0;
}

static int stop_at(const struct python_lock_watch *watch, size_t n)
{
	const struct python_lock_site *site = &watch->sites->list[n];
	struct walker *walker = watch->follow.walker;

	/* Of a module that another run has loaded. */
	if (site->is_exchange && !python_lock_inlined_is_there(site, walker->pid))
		return 0;
	return walker_add_breakpoint(walker, site->pc);
}

/* An extension is there that was not when the run began. */
static int on_loaded(struct python_lock_watch *watch)
{
	struct walker *walker = watch->follow.walker;
	const size_t known = watch->sites->count;
	int error = walker_refresh(walker);

	watch->has_loaded = true;
	if (error)
		return error;
	python_lock_inlined_find(watch->sites, interpreter_python(watch->interpreter),
				 walker->symbols, walker->pid);
	for (size_t i = 0; !error && i < watch->sites->count; i++)
		if (i >= known || watch->sites->list[i].is_exchange)
			error = stop_at(watch, i);
	return error;
}

static int on_breakpoint(void *context)
{
	struct python_lock_watch *watch = context;
	const uint64_t pc = watch->follow.walker->pc;
	int error = pc == watch->sites->loader ? on_loaded(watch) : 0;

	for (size_t i = 0; !error && i < watch->sites->count; i++)
		if (watch->sites->list[i].pc == pc)
			error = note(watch, &watch->sites->list[i]);
	watch->is_over_limit = watch->limit && watch->events >= watch->limit;
	watch->follow.is_done = watch->is_over_limit;
	return error || pc != watch->end ? error : on_end(watch);
}

int python_lock_watch_run(struct python_lock_watch *watch)
{
	struct walker *walker = watch->follow.walker;
	/* A breakpoint where it stands already would be stepped over. */
	int error = walker->in_syscall || watch->events ? 0 : on_breakpoint(watch);

	if (!error)
		error = python_lock_sites_divert(watch->sites, walker->pid);
	for (size_t i = 0; !error && i < watch->sites->count; i++)
		error = stop_at(watch, i);
	if (!error && watch->sites->loader)
		error = walker_add_breakpoint(walker, watch->sites->loader);
	if (!error)
		error = walker_add_breakpoint(walker, watch->end);
	if (error || watch->is_at_end)
		return error;
	watch->follow.context = watch;
	watch->follow.on_breakpoint = on_breakpoint;
	watch->follow.on_watch = on_watch;
	return follow_run(&watch->follow);
}

void python_lock_watch_free(struct python_lock_watch *watch)
{
	free(watch->objects.list);
	watch->objects = (struct python_lock_objects){0};
}
