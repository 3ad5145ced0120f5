/* SPDX-License-Identifier: MIT */
/*
 * The refcount oracle's own runs of the program: which counters there are and which it ends with,
 * and, from the window's start, who touches them.
 */
#include "harness/base/alloc.h"
#include "harness/oracles/refcount/refcount.h"

#include <stdlib.h>

static int run_on(struct count_watch *watch, struct count_sites *sites, struct stage *stage)
{
	struct follow *follow = &watch->follow;
	struct walker *walker = follow->walker;
	bool was_woken = false;
	int error = 0;

	while (!error && walker->end == WALKER_RUNS && !follow->is_at_exit && !follow->has_execed) {
		error = count_watch_run(watch);
		if (!error && watch->needs_sites) {
			error = walker_refresh(walker);
			count_sites_find(sites, walker->symbols);
		}
		if (!error && follow->is_blocked && walker->end == WALKER_STUCK &&
		    stage->baseline->awaits_signal && !was_woken) {
			was_woken = true;
			error = follow_wake(follow, stage->scenario->signal);
		} else if (follow->is_blocked || watch->log->is_full) {
			break;
		}
	}
	return error;
}

static void give_reason(struct count_knowledge *known, const char *reason)
{
	if (!known->reason)
		known->reason = alloc_text(reason);
}

static void add_counter(struct count_knowledge *known, const struct life *life)
{
	if (life->is_object || !life->width) {
		known->has_objects |= life->is_object;
		return;
	}
	known->has_ends |= life->has_ended;
	if (life->address % life->width) {
		give_reason(known, "a counter is not aligned to its size: it cannot be watched");
		return;
	}
	for (size_t i = 0; i < known->counter_count; i++)
		if (known->counters[i].address == life->address)
			return;
	if (known->counter_count < COUNTERS_MAX)
		known->counters[known->counter_count++] =
			(struct counter){life->address, life->width};
	else
		give_reason(known, "it announces more counters than are followed");
}

/*
 * Libraries may count in their constructors, which run before the program's first instruction: the
 * loader says when they are mapped. Where there is none, the program is all there is.
 */
static int start(struct walker *walker, struct count_sites *sites)
{
	int error = walker_refresh(walker);

	if (error)
		return error;
	walker->execed = false;
	walker->allow_threads = false;
	count_sites_find(sites, walker->symbols);
	if (sites->count)
		return 0;
	error = follow_to_entry(walker);
	if (!error && walker->end == WALKER_RUNS)
		count_sites_find(sites, walker->symbols);
	return error;
}

int count_prepare(struct stage *stage, void **knowledge)
{
	struct count_knowledge *known = alloc_zero(sizeof(*known));
	struct walker *walker = &stage->walker;
	struct count_sites sites = {0};
	struct count_watch watch = {.follow.walker = walker,
				    .sites = &sites,
				    .classes = &known->classes,
				    .log = &known->lives};
	int error = start(walker, &sites);

	*knowledge = known;
	known->classes.stage = stage;
	if (!error)
		error = run_on(&watch, &sites, stage);
	known->classes.stage = NULL;
	for (size_t i = 0; !error && i < known->lives.life_count; i++)
		add_counter(known, &known->lives.lives[i]);
	if (!error && known->lives.is_full && !known->reason)
		known->reason =
			alloc_text("it has too many counters: only the first were followed");
	free(watch.returns);
	count_sites_free(&sites);
	return error;
}

/* Who touches the counters of one group, in a copy that goes on from the window's start. */
static int trace(struct count_knowledge *known, struct stage *stage,
		 const struct count_sites *sites, size_t group)
{
	const struct boundary boundary = {.pc = stage->walker.pc, .syscall = -1};
	struct count_watch watch = {.sites = sites, .log = &known->traces[group]};
	int error;

	while (watch.counter_count < TRACE_WATCHES &&
	       group * TRACE_WATCHES + watch.counter_count < known->counter_count) {
		watch.counters[watch.counter_count] =
			known->counters[group * TRACE_WATCHES + watch.counter_count];
		watch.counter_count++;
	}
	error = count_retrace(&watch, stage, &boundary, false, stage->baseline->trial_limit);
	if (!error && watch.log->watch_error)
		give_reason(known,
			    "counters cannot be watched: no breakpoints on data are to be had");
	if (!error && watch.log->is_full)
		give_reason(known, "counters are touched too often to be followed");
	return error;
}

int count_survey(struct stage *stage, void **knowledge)
{
	struct count_knowledge *known = *knowledge;
	struct count_sites sites = {0};
	bool is_new;
	int error = known->counter_count ? stage_save(stage, &is_new) : 0;

	if (error || !known->counter_count)
		return error;
	count_sites_find(&sites, stage->walker.symbols);
	for (size_t group = 0; !error && group * TRACE_WATCHES < known->counter_count; group++)
		error = trace(known, stage, &sites, group);
	count_sites_free(&sites);
	return error;
}

void count_forget(void *knowledge)
{
	struct count_knowledge *known = knowledge;

	if (!known)
		return;
	count_log_free(&known->lives);
	for (size_t i = 0; i < COUNTERS_MAX / TRACE_WATCHES; i++)
		count_log_free(&known->traces[i]);
	count_classes_free(&known->classes);
	free(known->reason);
	free(known);
}
