/* SPDX-License-Identifier: MIT */
/*
 * The lock oracle's own run of the program: which locks there are, who takes them where and who is
 * responsible for that, and which of them the baseline holds at its end.
 */
#include "harness/base/alloc.h"
#include "harness/oracles/lock/lock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX 100000 /* a few seconds */

/* Locks that no function is called for, where the C library's own symbols are there. */
static const struct lock_function objects[] = {
	{"main_arena", LOCK_LOW_LEVEL, LOCK_TAKE}, /* malloc/malloc.c, struct malloc_state */
	{"list_all_lock", LOCK_FILE, LOCK_TAKE},   /* libio/genops.c */
	{NULL, LOCK_MUTEX, LOCK_TAKE},
};

static void add_objects(struct lock_points *points, struct symbols *symbols)
{
	for (const struct lock_function *object = objects; object->name; object++) {
		uint64_t address;
		uint64_t size;

		if (symbols_find_object(symbols, "libc.so*", object->name, &address, &size))
			fail_clear();
		else
			lock_points_add(points, address, object->kind)->is_fixed = true;
	}
}

/* Where no lock function has a name, is it that there is none? */
static int check_names(const struct lock_sites *sites, const struct symbols *symbols)
{
	for (size_t i = 0; i < symbols_module_count(symbols) && !sites->functions; i++) {
		const struct module *module = symbols_module(symbols, i);

		if (!module->has_symbols && module->path[0] == '/')
			return fail(-ENOTSUP,
				    "%s is stripped of symbols: its lock functions cannot be found",
				    module->name);
	}
	return 0;
}

static int run_on(struct lock_watch *watch, struct lock_sites *sites, const struct stage *stage,
		  struct lock_knowledge *knowledge)
{
	struct walker *walker = watch->follow.walker;
	bool was_woken = false;
	int error = 0;

	while (!error && walker->end == WALKER_RUNS && !watch->follow.is_at_exit &&
	       !watch->follow.has_execed) {
		error = lock_watch_run(watch);
		if (error)
			break;
		if (watch->needs_sites) {
			error = walker_refresh(walker);
			lock_sites_find(sites, walker);
		}
		if (watch->is_over_limit) {
			knowledge->reason = alloc_format(
				"it takes and releases locks more than %d times: only the first "
				"were followed",
				EVENTS_MAX);
			walker_clear_breakpoints(walker);
			lock_sites_free(sites);
			watch->is_over_limit = false;
			watch->limit = 0;
		}
		if (!error && watch->follow.is_blocked && walker->end == WALKER_STUCK &&
		    stage->baseline->awaits_signal && !was_woken) {
			was_woken = true;
			error = follow_wake(&watch->follow, stage->scenario->signal);
		} else if (watch->follow.is_blocked) {
			break;
		}
	}
	return error;
}

/* What the baseline holds at its end. Nothing, where the program has become another. */
static void read_end(struct lock_knowledge *knowledge, const struct lock_watch *watch)
{
	struct lock_points *points = &knowledge->points;

	for (size_t i = 0; i < points->count; i++) {
		struct lock_point *point = &points->list[i];
		const struct lock *lock = lock_book_find(&knowledge->book, point->address);
		struct lock_state state;

		if (point->kind == LOCK_ANNOUNCED) {
			point->base = lock && lock->open ? 1 : 0;
			point->is_opaque = true;
			if (point->base || !watch->follow.is_at_exit || !lock ||
			    !lock_read(watch->follow.walker->pid, point->address, point->kind,
				       &state))
				continue;
			/* The word of the free lock; where it is that of the held one too, it does
			 * not tell. */
			point->free = state.word;
			point->is_opaque = lock->taken_word == state.word;
		} else if (watch->follow.is_at_exit) {
			/* Also of a lock that was destroyed: what lies there then will most often
			 * lie there at a trial's end too. */
			point->base = lock_point_level(point, watch->follow.walker->pid);
		}
	}
}

static void read_start(struct lock_knowledge *knowledge, struct walker *walker)
{
	const struct registers *registers;
	struct frame frames[TRIAL_FRAMES];
	size_t count;

	if (walker_registers(walker, &registers))
		return;
	count = unwind_stack(walker->unwinder, walker->pid, registers, frames, TRIAL_FRAMES, NULL);
	knowledge->book.start = lock_stack_copy(frames, count);
}

static void keep_declarations(struct lock_sites *sites)
{
	size_t kept = 0;

	for (size_t i = 0; i < sites->count; i++)
		if (sites->list[i].effect == LOCK_DECLARE)
			sites->list[kept++] = sites->list[i];
	sites->count = kept;
}

/* Programs say which words are locks before they first use them, so mostly before the window. */
int lock_prepare(struct stage *stage, void **knowledge)
{
	struct lock_knowledge *known = alloc_zero(sizeof(*known));
	struct walker *walker = &stage->walker;
	struct lock_sites sites = {0};
	struct lock_watch watch = {.follow.walker = walker, .sites = &sites, .book = &known->book};
	int error = follow_to_entry(walker);

	*knowledge = known;
	if (error || walker->end != WALKER_RUNS)
		return error;
	lock_sites_find(&sites, walker);
	keep_declarations(&sites);
	if (sites.count)
		error = lock_watch_run(&watch);
	lock_sites_free(&sites);
	return error;
}

int lock_survey(struct stage *stage, void **knowledge)
{
	struct lock_knowledge *known = *knowledge;
	struct lock_sites sites = {0};
	struct lock_watch watch = {.follow.walker = &stage->walker,
				   .sites = &sites,
				   .book = &known->book,
				   .limit = EVENTS_MAX};
	struct walker *walker = &stage->walker;
	const uint64_t list = lock_files_list(walker->symbols);
	int error;

	walker->execed = false;
	lock_sites_find(&sites, walker);
	error = check_names(&sites, walker->symbols);
	if (!error) {
		read_start(known, walker);
		add_objects(&known->points, walker->symbols);
		lock_files_add(&known->points, walker->symbols, walker->pid, list);
		if (interpreter_open(walker, &watch.interpreter))
			fail_clear();
		error = run_on(&watch, &sites, stage, known);
		interpreter_free(watch.interpreter);
	}
	if (!error) {
		lock_points_add_book(&known->points, &known->book);
		read_end(known, &watch);
	}
	lock_sites_free(&sites);
	return error;
}

void lock_forget(void *knowledge)
{
	struct lock_knowledge *known = knowledge;

	if (!known)
		return;
	lock_book_free(&known->book);
	lock_points_free(&known->points);
	free(known->reason);
	free(known);
}
