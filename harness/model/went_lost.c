/* SPDX-License-Identifier: MIT */
/*
 * Who dropped an exception in C: the trial is made once more, and at each moment at which the
 * exception is taken out of the thread's state the stack is read. The last such moment before a
 * Python frame went on is the one. PyErr_WriteUnraisable() is known by the hook that it calls,
 * since it is inlined in some builds.
 */
#include "harness/model/went.h"

#include "harness/base/alloc.h"
#include "harness/kernel/ptrace.h"
#include "harness/model/callee.h"
#include "harness/model/follow.h"
#include "harness/model/trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct went_answer {
	const struct interpreter_place *entered;
	const struct interpreter_place *at;
	enum went_kind kind;
	char by[WENT_BY];
};

struct search {
	struct stage *stage;
	struct track track;
	struct walker *follower;
	struct follow follow;
	struct frame frames[TRIAL_FRAMES];
	size_t count;
	bool is_unraisable;
};

static int watch(void *context, struct python_word word, unsigned int *slot)
{
	struct search *search = context;
	unsigned int free = 0;
	int error;

	while (free < TRACE_WATCHES && (search->follower->watches & 1U << free))
		free++;
	if (free == TRACE_WATCHES)
		return -EBUSY;
	error = trace_set_watch(search->follower->pid, free, WATCH_WRITE, word.address, word.size);
	if (error)
		return error;
	search->follower->watches |= 1U << free;
	*slot = free;
	return 0;
}

static void unwatch(void *context, unsigned int slot)
{
	struct search *search = context;

	(void)!trace_clear_watch(search->follower->pid, slot);
	search->follower->watches &= ~(1U << slot);
}

static size_t unwind(void *context, struct frame *frames, size_t max, bool *complete)
{
	struct search *search = context;
	const struct registers *registers;

	if (walker_registers(search->follower, &registers))
		return 0;
	return unwind_stack(search->stage->walker.unwinder, search->follower->pid, registers,
			    frames, max, complete);
}

static void on_taken(void *context)
{
	struct search *search = context;

	search->count = unwind(search, search->frames, TRIAL_FRAMES, NULL);
}

/* sys.unraisablehook() is called, with an object whose second item is the exception. */
static int on_breakpoint(void *context)
{
	struct search *search = context;
	const struct python *python = interpreter_python(search->stage->interpreter);
	const struct registers *registers;
	uint64_t items[2];
	char name[sizeof(search->track.exception)];

	if (search->track.state == TRACK_RAISED && search->track.is_taken &&
	    walker_registers(search->follower, &registers) == 0 &&
	    python_items(python, search->follower->pid, registers_argument(registers, 1), items,
			 2) >= 2 &&
	    python_type_name(python, search->follower->pid, items[1], name, sizeof(name)) == 0)
		search->is_unraisable |= strcmp(name, search->track.exception) == 0;
	fail_clear();
	return 0;
}

static int stop_at_hook(struct search *search)
{
	const struct python *python = interpreter_python(search->stage->interpreter);
	const pid_t pid = search->follower->pid;
	uint64_t hook;
	uint64_t address;

	if (python_module_attribute(python, pid, "sys", "__unraisablehook__", &hook) ||
	    python_builtin_function(python, pid, hook, &address)) {
		fail_clear();
		return 0;
	}
	return walker_add_breakpoint(search->follower, address);
}

/* Somebody has taken what was set over the exception, be it to raise it once more. */
static bool is_taken_instead(const struct search *search)
{
	return search->track.state == TRACK_KEPT && search->track.is_replaced;
}

/* C code had it last; where somebody holds it, it may be raised once more, but is not. */
static bool is_swallowed(const struct track *track)
{
	return track->kind == WENT_SWALLOWED ||
	       (track->state == TRACK_KEPT && track->kept_as == WENT_SWALLOWED);
}

static int on_watch(void *context)
{
	struct search *search = context;

	track_hit(&search->track, search->follower->watched);
	search->follow.is_done = search->track.state == TRACK_DONE || is_taken_instead(search);
	return 0;
}

static int drive(void *context, struct walker *follower, const struct trial *trial)
{
	struct search *search = context;
	const struct registers *registers;
	uint64_t thread;
	int error = walker_registers(follower, &registers);

	if (!error)
		error = interpreter_main_thread(search->stage->interpreter, trial->pid, registers,
						&thread);
	if (error)
		return error;
	search->follower = follower;
	search->track = (struct track){.interpreter = search->stage->interpreter,
				       .pid = trial->pid,
				       .signal = search->stage->scenario->signal,
				       .watch = watch,
				       .unwatch = unwatch,
				       .on_taken = on_taken,
				       .unwind = unwind,
				       .is_stepped = !trace_has_watches(),
				       .context = search};
	search->follow = (struct follow){.walker = follower,
					 .context = search,
					 .on_breakpoint = on_breakpoint,
					 .on_watch = on_watch};
	error = stop_at_hook(search);
	if (error)
		return error;
	track_begin(&search->track, thread);
	return follow_run(&search->follow);
}

static void answer(struct search *search, struct went_answer *out)
{
	struct walker *walker = &search->stage->walker;
	struct interpreter *interpreter = search->stage->interpreter;
	struct callee_name name;

	out->kind = search->is_unraisable ? WENT_UNRAISABLE : WENT_SWALLOWED;
	if (search->is_unraisable)
		return;
	if (search->follow.is_blocked && !is_swallowed(&search->track) && !is_taken_instead(search))
		out->kind = WENT_UNKNOWN;
	/* NONE: no Python frame went on after it. */
	if (!search->count || (!is_swallowed(&search->track) && search->track.kind != WENT_NONE))
		return;
	if (callee_passes(walker, interpreter, search->frames, search->count, "Unraisable"))
		out->kind = WENT_UNRAISABLE;
	else if (callee_find(walker, interpreter, walker->pid, search->frames, search->count,
			     &name))
		snprintf(out->by, sizeof(out->by), "%s:%s", name.module, name.function);
}

static struct went_answer *find_answer(struct went_answers *answers, const struct trial *trial)
{
	const struct track *track = &trial->went.track;

	for (size_t i = 0; i < answers->count; i++)
		if (answers->list[i].entered == track->entered && answers->list[i].at == track->at)
			return &answers->list[i];
	return NULL;
}

static int ask(struct went_answers *answers, const struct trial *trial)
{
	struct search *search = alloc_zero(sizeof(*search));
	const struct retrace retrace = {.with_signal = true,
					.limit = trial->stage->baseline->trial_limit,
					.drive = drive,
					.context = search};
	struct went_answer *out;
	int error;

	search->stage = trial->stage;
	error = retrace_run(&retrace, trial->stage, trial->boundary);
	if (!error) {
		alloc_grow((void **)&answers->list, answers->count, &answers->capacity,
			   sizeof(*answers->list));
		out = &answers->list[answers->count++];
		*out = (struct went_answer){.entered = trial->went.track.entered,
					    .at = trial->went.track.at};
		answer(search, out);
	}
	free(search);
	return error;
}

/* One instruction may call many functions: only where each question takes long is the answer for
 * another trial taken. */
static bool is_asked_again(const struct trial *trial)
{
	return !trial->went.track.is_stepped;
}

int went_settle(struct trial *trial)
{
	struct went_answers *answers = &trial->stage->went_answers;
	const struct went_answer *found;
	int error = 0;

	if (trial->went.track.kind != WENT_SWALLOWED || !trial->went.track.at)
		return 0;
	if (is_asked_again(trial))
		went_answers_free(answers);
	if (!find_answer(answers, trial))
		error = ask(answers, trial);
	if (error == -EINTR)
		return error;
	if (error) {
		trial->went.track.kind = WENT_UNKNOWN;
		snprintf(trial->went.track.reason, sizeof(trial->went.track.reason),
			 "C code dropped the exception; by which is not known: %.80s", fail_text());
		fail_clear();
		return 0;
	}
	found = find_answer(answers, trial);
	if (!found)
		return 0;
	trial->went.track.kind = found->kind;
	if (found->kind == WENT_UNKNOWN)
		snprintf(trial->went.track.reason, sizeof(trial->went.track.reason), "%s",
			 "C code dropped the exception, and took too long to be seen doing it");
	memcpy(trial->went.by, found->by, sizeof(found->by));
	return 0;
}

void went_answers_free(struct went_answers *answers)
{
	free(answers->list);
	*answers = (struct went_answers){0};
}
