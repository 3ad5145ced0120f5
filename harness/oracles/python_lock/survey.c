/* SPDX-License-Identifier: MIT */
/* The python-lock oracle's own run of the program: which locks there are, which functions take and
 * release them, and which of them the baseline holds when its interpreter begins to end. */
#include "harness/base/alloc.h"
#include "harness/oracles/python_lock/python_lock.h"

#include <errno.h>
#include <stdlib.h>

uint64_t python_lock_modules(const struct python *python, pid_t pid)
{
	uint64_t dict;

	if (python_module_attribute(python, pid, "_frozen_importlib", "_module_locks", &dict)) {
		fail_clear();
		return 0;
	}
	return dict;
}

static void read_start(struct python_lock_knowledge *known, const struct python_lock_watch *watch)
{
	struct walker *walker = watch->follow.walker;
	const struct registers *registers;
	struct frame frames[TRIAL_FRAMES];
	size_t count;

	if (walker_registers(walker, &registers))
		return;
	count = python_lock_stack(watch->interpreter, walker->pid, registers, frames, TRIAL_FRAMES);
	known->book.start = lock_stack_copy(frames, count);
}

static void read_end(struct python_lock_knowledge *known, const struct python_lock_watch *watch)
{
	const pid_t pid = watch->follow.walker->pid;
	const struct python *python = interpreter_python(watch->interpreter);
	const uint64_t modules = python_lock_modules(python, pid);

	lock_points_add_book(&known->points, &known->book);
	for (size_t i = 0; i < known->points.count; i++)
		known->points.list[i].base = lock_point_level(&known->points.list[i], pid);
	if (modules && python_dict_size(python, pid, modules, &known->module_locks))
		known->module_locks = 0;
}

static int run_on(struct python_lock_watch *watch, const struct stage *stage,
		  struct python_lock_knowledge *known)
{
	struct follow *follow = &watch->follow;
	bool was_woken = false;
	int error = 0;

	while (!error && !watch->is_at_end && follow->walker->end == WALKER_RUNS &&
	       !follow->is_at_exit && !follow->has_execed) {
		error = python_lock_watch_run(watch);
		if (!error && watch->is_over_limit) {
			known->reason = alloc_format("it takes and releases locks more than %d "
						     "times: only the first were followed",
						     PYTHON_LOCK_EVENTS);
			break;
		}
		if (error || !follow->is_blocked)
			continue;
		if (follow->walker->end != WALKER_STUCK || !stage->baseline->awaits_signal ||
		    was_woken)
			break;
		was_woken = true;
		error = follow_wake(follow, stage->scenario->signal);
	}
	return error;
}

static int survey(struct python_lock_watch *watch, struct python_lock_sites *sites,
		  const struct stage *stage, struct python_lock_knowledge *known)
{
	struct walker *walker = watch->follow.walker;
	const struct python *python = interpreter_python(watch->interpreter);
	int error = python_lock_sites_find(sites, python, walker->symbols, walker->pid);

	watch->end = python_image(python)->finalize;
	walker->execed = false;
	if (!error) {
		read_start(known, watch);
		error = run_on(watch, stage, known);
	}
	if (!error && walker->end == WALKER_RUNS && !watch->follow.has_execed)
		read_end(known, watch);
	if (!error && watch->follow.has_threads && !known->reason)
		known->reason = alloc_text("without the signal it starts a second thread, and is "
					   "not followed to its end, where locks are looked at");
	if (!error && !watch->is_at_end && !known->reason)
		known->reason = alloc_text("without the signal the interpreter never comes to its "
					   "own end (os._exit(), exec), where locks are looked at");
	return error;
}

int python_lock_survey(struct stage *stage, void **knowledge)
{
	struct python_lock_knowledge *known = alloc_zero(sizeof(*known));
	struct python_lock_sites sites = {0};
	struct python_lock_watch watch = {.sites = &sites,
					  .interpreter = stage->interpreter,
					  .follow.walker = &stage->walker,
					  .book = &known->book,
					  .limit = PYTHON_LOCK_EVENTS};
	int error;

	*knowledge = known;
	error = survey(&watch, &sites, stage, known);
	python_lock_sites_free(&sites);
	known->objects = watch.objects;
	return error;
}

void python_lock_forget(void *knowledge)
{
	struct python_lock_knowledge *known = knowledge;

	if (!known)
		return;
	lock_book_free(&known->book);
	lock_points_free(&known->points);
	free(known->objects.list);
	free(known->reason);
	free(known);
}
