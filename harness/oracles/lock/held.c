/* SPDX-License-Identifier: MIT */
/*
 * Locks that are held when a trial ends and that the baseline does not hold then: is the frame that
 * is responsible for the lock still there?
 */
#include "harness/base/signals.h"
#include "harness/oracles/lock/lock.h"

#include <stdio.h>

/* Where frames are looked for: the first time at the window's end, else where the trial ended. */
static const struct trial_stack *end_of(const struct lock_oracle *oracle)
{
	return oracle->is_retraced && oracle->watch.window_end.count ? &oracle->watch.window_end
								     : &oracle->end;
}

static void describe(struct lock_oracle *oracle, const struct trial *trial,
		     const struct lock_point *point, const struct lock_holder *holder,
		     const char *kind, struct verdict *verdict)
{
	struct symbols *symbols = trial->stage->walker.symbols;
	char sent[SIGNAL_NAME_SIZE];
	char owner[100] = "";

	verdict->value = VERDICT_VIOLATED;
	verdict->kind = kind;
	verdict->severity = SEVERITY_ERROR;
	lock_place(symbols, point, holder, verdict->place, sizeof(verdict->place));
	signal_name(trial->stage->scenario->signal, sent);
	if (holder->is_owner_known)
		lock_frame_name(symbols, &holder->owner, owner, sizeof(owner));
	if (*owner && kind[0] == 'f')
		snprintf(verdict->title, sizeof(verdict->title),
			 "after %s here %.80s stays held: %.40s, which has to release it, is gone "
			 "from "
			 "the stack",
			 sent, verdict->place, owner);
	else
		snprintf(verdict->title, sizeof(verdict->title),
			 "after %s here %.120s is still held at the end, as it is not without the "
			 "signal",
			 sent, verdict->place);
	if (notes_is_new_finding(&oracle->told, trial, kind, verdict->place))
		verdict->evidence = lock_evidence(oracle, trial, point, holder, false);
}

static void say_unknown(const struct lock_oracle *oracle, struct verdict *verdict)
{
	verdict->value = VERDICT_UNKNOWN;
	if (oracle->is_retraced && oracle->retrace_error)
		snprintf(verdict->title, sizeof(verdict->title),
			 "the trial could not be made once more to see who holds a lock: %s",
			 fail_reason(oracle->retrace_error));
	else
		snprintf(verdict->title, sizeof(verdict->title),
			 "a lock is held at the end, and the stack there cannot be unwound");
	fail_clear();
}

/*
 * Did the process end where the signal came or was let in, or in its handler? Then every frame that
 * was there is there still, and a dying process needs to release nothing. (The handler's frame ends
 * above its return address, at which the stack pointer was when it was entered.)
 */
static bool is_dying(const struct lock_oracle *oracle, const struct trial *trial)
{
	const struct frame handler = {.cfa = trial->handler_sp + sizeof(uint64_t),
				      .function_start = trial->handler};
	const struct trial_stack *end = &oracle->end;
	const bool is_killed = !trial->handler && trial->outcome.kind == OUTCOME_SIGNAL &&
			       trial->outcome.number == trial->stage->scenario->signal;

	return is_killed || trial->delivery == DELIVERY_DEFAULT ||
	       (trial->handler && lock_frame_find(end->frames, end->count, &handler) >= 0);
}

/* The handler went away without returning. */
static bool has_jumped(const struct lock_oracle *oracle, const struct trial *trial)
{
	return trial->handler && oracle->is_retraced && !oracle->watch.follow.has_returned;
}

/* One verdict at most: true when there is one. */
static bool judge_point(struct lock_oracle *oracle, const struct trial *trial,
			const struct lock_point *point, struct verdict *verdict)
{
	struct lock_holder holder;
	const struct trial_stack *end;
	bool is_alive;

	if (!lock_find_holder(oracle, trial, point, &holder)) {
		say_unknown(oracle, verdict);
		return true;
	}
	if (!holder.is_held)
		return false;
	end = end_of(oracle);
	is_alive = holder.is_owner_known &&
		   lock_frame_find(end->frames, end->count, &holder.owner) >= 0;
	if (!holder.is_owner_known || (is_alive && has_jumped(oracle, trial))) {
		describe(oracle, trial, point, &holder, "held", verdict);
		return true;
	}
	if (is_alive)
		return false;
	if (end->complete)
		describe(oracle, trial, point, &holder, "frame-gone", verdict);
	else
		say_unknown(oracle, verdict);
	return true;
}

/* The stream may be closed by now, and its memory be something else. */
static bool is_there(const struct lock_oracle *oracle, const struct lock_point *point)
{
	return !point->is_closed && (point->level > point->base || point->is_opaque) &&
	       (oracle->end.count > 0);
}

size_t lock_judge_held(struct lock_oracle *oracle, const struct trial *trial,
		       struct verdict *verdicts, size_t count, uint64_t except)
{
	if (is_dying(oracle, trial))
		return count;
	for (size_t i = 0; i < oracle->points.count && count < VERDICTS_MAX; i++) {
		const struct lock_point *point = &oracle->points.list[i];

		if (point->address != except && is_there(oracle, point))
			count += judge_point(oracle, trial, point, &verdicts[count]);
	}
	return count;
}
