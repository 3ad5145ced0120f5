/* SPDX-License-Identifier: MIT */
/* The python-lock oracle: what it does when. See python_lock.h; what the verdicts are is in
 * judge.c. */
#include "harness/oracles/python_lock/python_lock.h"

#include "harness/base/alloc.h"
#include "harness/kernel/ptrace.h"
#include "harness/kernel/watch_step.h"
#include "harness/oracles/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STUCK_LIMIT                                                                                \
	0.1 /* seconds after which a trial that was proved to sleep for ever does so               \
	     */

static int begin(const struct stage *stage, void *knowledge, void **state)
{
	struct python_lock_oracle *oracle = alloc_zero(sizeof(*oracle));

	oracle->knowledge = knowledge;
	lock_points_copy(&oracle->points, &oracle->knowledge->points);
	oracle->module_locks =
		python_lock_modules(interpreter_python(stage->interpreter), stage->walker.pid);
	*state = oracle;
	return 0;
}

static void forget_trial(struct python_lock_oracle *oracle)
{
	lock_book_free(&oracle->book);
	python_lock_watch_free(&oracle->watch);
	python_lock_names_free(&oracle->left);
	python_lock_names_free(&oracle->names);
	free(oracle->levels);
	oracle->levels = NULL;
	oracle->is_at_end = false;
	oracle->has_candidates = false;
	oracle->has_module_locks = false;
	oracle->is_retraced = false;
}

static void end(void *state)
{
	struct python_lock_oracle *oracle = state;

	if (!oracle)
		return;
	forget_trial(oracle);
	notes_free(&oracle->told);
	python_lock_labels_free(oracle);
	python_lock_sites_free(&oracle->sites);
	lock_points_free(&oracle->points);
	free(oracle);
}

static int before(void *state, const struct trial *trial)
{
	(void)trial;
	forget_trial(state);
	return 0;
}

static int on_stop(void *state, const struct trial *trial, enum oracle_moment moment)
{
	struct python_lock_oracle *oracle = state;
	uint64_t count;

	if (moment != MOMENT_FINALIZE)
		return 0;
	oracle->is_at_end = true;
	oracle->has_candidates = lock_points_read(&oracle->points, trial->pid);
	if (oracle->module_locks && python_dict_size(interpreter_python(trial->stage->interpreter),
						     trial->pid, oracle->module_locks, &count) == 0)
		oracle->has_module_locks = count > oracle->knowledge->module_locks;
	return 0;
}

/* From 3.14 on a lock is in its object, and keeps its state when that is freed. */
static bool is_freed(const struct python_lock_oracle *oracle, uint64_t address, pid_t pid)
{
	const struct python *python = interpreter_python(oracle->watch.interpreter);
	const uint64_t object = python_lock_object(oracle, address);
	bool is_immortal;
	int64_t count;

	return object && (python_refcount(python, pid, object, &count, &is_immortal) || count == 0);
}

static void read_levels(struct python_lock_oracle *oracle, pid_t pid)
{
	for (size_t i = 0; i < oracle->points.count; i++) {
		const struct lock_point *point = &oracle->points.list[i];

		oracle->levels[i] =
			is_freed(oracle, point->address, pid) ? 0 : lock_point_level(point, pid);
	}
}

static bool needs_names(const struct python_lock_oracle *oracle)
{
	for (size_t i = 0; i < oracle->points.count; i++) {
		const struct lock_point *point = &oracle->points.list[i];

		if (oracle->levels[i] > point->base && python_lock_object(oracle, point->address) &&
		    !python_lock_label_of(oracle, point->address))
			return true;
	}
	return false;
}

/* The copy that is made once more, where it is at its end. */
static int ask(struct python_lock_oracle *oracle, const struct walker *follower)
{
	int error = python_lock_ask_left(&oracle->left, &oracle->watch, follower);

	if (error)
		return error;
	read_levels(oracle, follower->pid);
	if (!needs_names(oracle))
		return 0;
	error = python_lock_ask_names(&oracle->names, &oracle->watch, follower);
	for (size_t i = 0; !error && i < oracle->points.count; i++)
		if (oracle->levels[i] > oracle->points.list[i].base)
			python_lock_label_add(oracle, oracle->points.list[i].address);
	return error;
}

static int watch_candidates(struct python_lock_oracle *oracle)
{
	int error = 0;

	for (size_t i = 0; !error && i < oracle->points.count; i++)
		if (oracle->is_at_end && oracle->points.list[i].level > oracle->points.list[i].base)
			error = python_lock_watch_word(&oracle->watch, &oracle->points.list[i]);
	if (error == -ENOTSUP) { /* then what the functions tell must do */
		fail_clear();
		error = 0;
	}
	return error;
}

/* What follows would be met as well. */
static void clear_words(struct python_lock_oracle *oracle)
{
	struct walker *walker = oracle->watch.follow.walker;

	for (unsigned int n = 0; n < oracle->watch.word_count; n++)
		(void)!trace_clear_watch(walker->pid, n);
	walker->watches = 0;
}

static int drive(void *context, struct walker *follower, const struct trial *trial)
{
	struct python_lock_oracle *oracle = context;
	int refreshed = 0;
	int error;

	oracle->watch.follow.walker = follower;
	error = watch_candidates(oracle);
	if (!error)
		error = python_lock_watch_run(&oracle->watch);
	if (!error && watch_step_is_lost(follower->pid))
		error = fail(-ENOTSUP, "%s", TRIAL_WATCHES_LOST);
	clear_words(oracle);
	walker_clear_breakpoints(follower);
	if (!error && oracle->watch.is_at_end)
		error = ask(oracle, follower);
	oracle->watch.follow.walker = NULL;
	if (oracle->watch.has_loaded)
		refreshed = walker_refresh(&trial->stage->walker);
	return error ? error : refreshed;
}

static int find_sites(struct python_lock_oracle *oracle, const struct trial *trial)
{
	struct walker *walker = &trial->stage->walker;

	if (oracle->sites_are_known) { /* but for what was imported since */
		if (oracle->sites.loader)
			python_lock_inlined_find(&oracle->sites,
						 interpreter_python(trial->stage->interpreter),
						 walker->symbols, walker->pid);
		return 0;
	}
	oracle->sites_are_known = true;
	return python_lock_sites_find(&oracle->sites, interpreter_python(trial->stage->interpreter),
				      walker->symbols, walker->pid);
}

bool python_lock_retrace(struct python_lock_oracle *oracle, const struct trial *trial)
{
	const bool is_stuck = trial->outcome.kind == OUTCOME_STUCK;
	const struct retrace retrace = {.with_signal = true,
					.limit = is_stuck ? STUCK_LIMIT
							  : trial->stage->baseline->trial_limit,
					.drive = drive,
					.context = oracle};

	if (oracle->is_retraced)
		return !oracle->retrace_error;
	oracle->is_retraced = true;
	oracle->retrace_error = find_sites(oracle, trial);
	oracle->levels = alloc_zero((oracle->points.count + 1) * sizeof(*oracle->levels));
	oracle->watch = (struct python_lock_watch){
		.interpreter = trial->stage->interpreter,
		.sites = &oracle->sites,
		.book = &oracle->book,
		.end = python_image(interpreter_python(trial->stage->interpreter))->finalize};
	if (!oracle->retrace_error)
		oracle->retrace_error = retrace_run(&retrace, trial->stage, trial->boundary);
	return !oracle->retrace_error;
}

static int drive_undisturbed(void *context, struct walker *follower, const struct trial *trial)
{
	struct python_lock_watch *watch = context;
	int refreshed = 0;
	int error;

	watch->follow.walker = follower;
	error = python_lock_watch_run(watch);
	walker_clear_breakpoints(follower);
	watch->follow.walker = NULL;
	if (watch->has_loaded)
		refreshed = walker_refresh(&trial->stage->walker);
	return error ? error : refreshed;
}

bool python_lock_is_released(struct python_lock_oracle *oracle, const struct trial *trial,
			     uint64_t address)
{
	struct lock_book book = {0};
	struct python_lock_watch watch = {.interpreter = trial->stage->interpreter,
					  .sites = &oracle->sites,
					  .book = &book,
					  .end = oracle->watch.end};
	const struct retrace retrace = {.limit = trial->stage->baseline->trial_limit,
					.drive = drive_undisturbed,
					.context = &watch};
	const struct lock *lock;
	bool is_released;

	/* Undisturbed it waits for ever. */
	if (trial->stage->baseline->awaits_signal)
		return true;
	if (retrace_run(&retrace, trial->stage, trial->boundary)) {
		fail_clear();
		return true;
	}
	lock = lock_book_find(&book, address);
	is_released = !watch.is_at_end || (lock && lock->was_released);
	lock_book_free(&book);
	python_lock_watch_free(&watch);
	return is_released;
}

const struct oracle oracle_python_lock = {
	.name = "python-lock",
	.help = "CPython's locks: held where the script is over, what a stuck script waits for",
	.needs = ORACLE_NEEDS_FINALIZE | ORACLE_NEEDS_PYTHON,
	.survey = python_lock_survey,
	.forget = python_lock_forget,
	.begin = begin,
	.before = before,
	.on_stop = on_stop,
	.judge = python_lock_judge,
	.end = end,
};
