/* SPDX-License-Identifier: MIT */
/* The lock oracle: what it does when, and what its parts share. See lock.h. */
#include "harness/oracles/lock/lock.h"

#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/kernel/ptrace.h"
#include "harness/oracles/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STUCK_LIMIT                                                                                \
	0.1 /* seconds after which a trial that was proved to sleep for ever does so               \
	     */

static int begin(const struct stage *stage, void *knowledge, void **state)
{
	struct lock_oracle *oracle = alloc_zero(sizeof(*oracle));

	oracle->knowledge = knowledge;
	lock_points_copy(&oracle->points, &oracle->knowledge->points);
	oracle->file_list = lock_files_list(stage->walker.symbols);
	*state = oracle;
	return 0;
}

static void forget_trial(struct lock_oracle *oracle)
{
	lock_book_free(&oracle->book);
	oracle->has_candidates = false;
	oracle->is_at_exit = false;
	oracle->is_retraced = false;
	oracle->end.count = 0;
	oracle->here.count = 0;
}

static void end(void *state)
{
	struct lock_oracle *oracle = state;

	if (!oracle)
		return;
	forget_trial(oracle);
	notes_free(&oracle->told);
	free(oracle->handlers);
	free(oracle->ends);
	lock_sites_free(&oracle->sites);
	lock_points_free(&oracle->points);
	free(oracle);
}

/* Streams that the walker has opened since the last boundary. */
static int before(void *state, const struct trial *trial)
{
	struct lock_oracle *oracle = state;
	struct walker *walker = &trial->stage->walker;
	uint64_t first = 0;

	forget_trial(oracle);
	if (oracle->file_list &&
	    !memory_read(walker->pid, oracle->file_list, &first, sizeof(first)) &&
	    first != oracle->file_first) {
		oracle->file_first = first;
		lock_files_add(&oracle->points, walker->symbols, walker->pid, oracle->file_list);
	}
	return 0;
}

/* The memory of a closed stream may be something else by now. */
static void note_closed(struct lock_oracle *oracle, pid_t pid)
{
	for (size_t i = 0; i < oracle->points.count; i++) {
		struct lock_point *point = &oracle->points.list[i];

		if (point->stream && point->level > point->base)
			point->is_closed =
				!lock_files_is_open(pid, oracle->file_list, point->stream);
	}
}

static int on_stop(void *state, const struct trial *trial, enum oracle_moment moment)
{
	struct lock_oracle *oracle = state;
	struct registers registers;

	if (moment != MOMENT_EXIT && moment != MOMENT_STOPPED)
		return 0;
	oracle->is_at_exit = moment == MOMENT_EXIT;
	oracle->has_candidates = lock_points_read(&oracle->points, trial->pid);
	if (!oracle->has_candidates)
		return 0;
	note_closed(oracle, trial->pid);
	if (trial->end_stack.count) {
		oracle->end = trial->end_stack;
		return 0;
	}
	if (trace_get_registers(trial->pid, &registers))
		return 0;
	oracle->end.count = unwind_stack(trial->stage->walker.unwinder, trial->pid, &registers,
					 oracle->end.frames, TRIAL_FRAMES, &oracle->end.complete);
	return 0;
}

void lock_oracle_places(struct lock_oracle *oracle, const struct trial *trial)
{
	const struct location *to = &trial->stage->scenario->to;
	struct symbols *symbols = trial->stage->walker.symbols;
	uint64_t *semaphores = NULL;

	if (oracle->sites_are_known)
		return;
	oracle->sites_are_known = true;
	lock_sites_find(&oracle->sites, &trial->stage->walker);
	if (to->kind == LOCATION_EXIT)
		return;
	if (location_resolve(to, symbols, &oracle->ends, &semaphores, &oracle->end_count)) {
		fail_clear();
		oracle->end_count = 0;
	}
	free(semaphores);
}

/* A new array, which the caller frees. */
static uint64_t *held_now(const struct lock_oracle *oracle, size_t *count)
{
	uint64_t *addresses = alloc_resize(NULL, oracle->points.count + 1, sizeof(*addresses));

	*count = 0;
	for (size_t i = 0; i < oracle->points.count; i++) {
		const struct lock_point *point = &oracle->points.list[i];

		if (point->level > point->base || point->is_opaque)
			addresses[(*count)++] = point->address;
	}
	return addresses;
}

bool lock_oracle_retrace(struct lock_oracle *oracle, const struct trial *trial, bool all)
{
	const bool is_stuck = trial->outcome.kind == OUTCOME_STUCK;
	size_t count;
	uint64_t *only;

	if (oracle->is_retraced)
		return !oracle->retrace_error;
	lock_oracle_places(oracle, trial);
	oracle->is_retraced = true;
	only = held_now(oracle, &count);
	oracle->watch = (struct lock_watch){.sites = &oracle->sites,
					    .book = &oracle->book,
					    .interpreter = trial->stage->interpreter,
					    .only = all ? NULL : only,
					    .only_count = all ? 0 : count,
					    .ends = oracle->ends,
					    .end_count = oracle->end_count};
	oracle->retrace_error =
		lock_retrace(&oracle->watch, trial->stage, trial->boundary, true,
			     is_stuck ? STUCK_LIMIT : trial->stage->baseline->trial_limit);
	return !oracle->retrace_error;
}

const struct trial_stack *lock_oracle_here(struct lock_oracle *oracle, const struct trial *trial)
{
	struct walker *walker = &trial->stage->walker;
	const struct registers *registers;

	if (!oracle->here.count && !walker_registers(walker, &registers))
		oracle->here.count =
			unwind_stack(walker->unwinder, walker->pid, registers, oracle->here.frames,
				     TRIAL_FRAMES, &oracle->here.complete);
	return &oracle->here;
}

/* Of the stretches whose owner is on the stack now, the one whose owner is innermost. */
const struct lock_hold *lock_oracle_hold(struct lock_oracle *oracle, const struct trial *trial,
					 uint64_t address)
{
	const struct lock *lock = lock_book_find(&oracle->knowledge->book, address);
	const struct trial_stack *here = lock_oracle_here(oracle, trial);
	const struct lock_hold *best = NULL;
	int best_at = 0;

	for (const struct lock_hold *hold = lock ? lock->holds : NULL; hold; hold = hold->next) {
		const int at = lock_frame_find(here->frames, here->count, &hold->owner);

		if (at < 0 || (best && at >= best_at))
			continue;
		best = hold;
		best_at = at;
	}
	return best ? best : lock ? lock->open : NULL;
}

/* What the baseline does not touch, it ends with as it is. */
void lock_oracle_learn(struct lock_oracle *oracle, const struct trial *trial)
{
	const size_t known = oracle->points.count;

	lock_points_add_book(&oracle->points, &oracle->book);
	for (size_t i = known; i < oracle->points.count; i++)
		oracle->points.list[i].base =
			lock_point_level(&oracle->points.list[i], trial->stage->walker.pid);
}

/* What a handler locks is not seen in the survey: the first trial of each handler is watched. */
static void learn_handler(struct lock_oracle *oracle, const struct trial *trial)
{
	for (size_t i = 0; i < oracle->handler_count; i++)
		if (oracle->handlers[i] == trial->handler)
			return;
	alloc_grow((void **)&oracle->handlers, oracle->handler_count, &oracle->handler_capacity,
		   sizeof(*oracle->handlers));
	oracle->handlers[oracle->handler_count++] = trial->handler;
	if (lock_oracle_retrace(oracle, trial, true))
		lock_oracle_learn(oracle, trial);
}

static size_t judge(void *state, const struct trial *trial, struct verdict *verdicts)
{
	struct lock_oracle *oracle = state;
	uint64_t waited_for = 0;
	size_t count;

	if (trial->delivery == DELIVERY_NOT || trial->delivery == DELIVERY_IGNORED)
		return 0;
	if (trial->handler)
		learn_handler(oracle, trial);
	count = lock_judge_stuck(oracle, trial, verdicts, 0, &waited_for);
	if (oracle->has_candidates)
		count = lock_judge_held(oracle, trial, verdicts, count, waited_for);
	if (!count && oracle->knowledge->reason) {
		verdicts->value = VERDICT_UNKNOWN;
		snprintf(verdicts->title, sizeof(verdicts->title), "%s", oracle->knowledge->reason);
		count = 1;
	}
	return count;
}

const struct oracle oracle_lock = {
	.name = "lock",
	.help = "locks: held at the end, or by a frame that is gone; what a stuck program waits "
		"for",
	.prepare = lock_prepare,
	.survey = lock_survey,
	.forget = lock_forget,
	.begin = begin,
	.before = before,
	.on_stop = on_stop,
	.judge = judge,
	.end = end,
};
