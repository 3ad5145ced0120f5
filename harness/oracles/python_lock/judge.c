/* SPDX-License-Identifier: MIT */
/*
 * The verdicts of the python-lock oracle: locks that are held where the script is over and that the
 * baseline does not hold there, and the lock that a stuck trial waits for.
 */
#include "harness/base/alloc.h"
#include "harness/base/signals.h"
#include "harness/oracles/python_lock/python_lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 100

/* Where it was taken, or what has to release it. */
static void describe_holder(const struct trial *trial, const struct python_lock_holder *holder,
			    char *text, size_t size)
{
	const struct python *python = interpreter_python(trial->stage->interpreter);
	const pid_t pid = trial->stage->walker.pid;

	if (holder->taken && holder->taken->count)
		python_lock_frame_text(python, pid, &holder->taken->frames[0], text, size);
	else if (holder->owner.cfa)
		python_lock_frame_text(python, pid, &holder->owner, text, size);
	else
		snprintf(text, size, "code that was not seen");
}

static void tell(struct python_lock_oracle *oracle, const struct trial *trial,
		 const struct lock_point *point, const struct python_lock_holder *holder,
		 const char *kind, struct verdict *verdict)
{
	char sent[SIGNAL_NAME_SIZE];
	char holds[TEXT_SIZE];

	verdict->value = VERDICT_VIOLATED;
	verdict->kind = kind;
	verdict->severity = SEVERITY_ERROR;
	python_lock_place(oracle, trial, point, holder, verdict->place, sizeof(verdict->place));
	describe_holder(trial, holder, holds, sizeof(holds));
	signal_name(trial->stage->scenario->signal, sent);
	if (kind[0] == 's')
		snprintf(verdict->title, sizeof(verdict->title),
			 "after %s here the script waits for ever for %.80s, taken by %.90s", sent,
			 verdict->place, holds);
	else if (holder->generator)
		snprintf(verdict->title, sizeof(verdict->title),
			 "after %s here %.70s stays held: taken by %.70s, a generator that nobody "
			 "goes on with",
			 sent, verdict->place, holds);
	else
		snprintf(verdict->title, sizeof(verdict->title),
			 "after %s here %.80s stays held: taken by %.90s, which is gone", sent,
			 verdict->place, holds);
	if (notes_is_new_finding(&oracle->told, trial, kind, verdict->place))
		verdict->evidence =
			python_lock_evidence(oracle, trial, point, holder, kind[0] == 's');
}

static void say_unknown(const struct python_lock_oracle *oracle, struct verdict *verdict)
{
	verdict->value = VERDICT_UNKNOWN;
	snprintf(verdict->title, sizeof(verdict->title),
		 "the trial could not be made once more to see who holds a lock: %s",
		 fail_reason(oracle->retrace_error));
	fail_clear();
}

/* Is it held also when the exception that ended the script is gone, with what it kept alive? */
static bool is_still_held(const struct python_lock_oracle *oracle, size_t n)
{
	const struct lock_point *point = &oracle->points.list[n];

	return point->level > point->base && oracle->levels[n] > point->base;
}

static size_t judge_point(struct python_lock_oracle *oracle, const struct trial *trial, size_t n,
			  struct verdict *verdict)
{
	const struct lock_point *point = &oracle->points.list[n];
	struct python_lock_holder holder;
	bool is_there;

	if (!is_still_held(oracle, n) || !python_lock_find_holder(oracle, trial, point, &holder))
		return 0;
	if (holder.before && !python_lock_is_released(oracle, trial, point->address))
		return 0;
	is_there =
		holder.generator || (holder.owner.cfa && lock_frame_find(oracle->watch.frames,
									 oracle->watch.frame_count,
									 &holder.owner) >= 0);
	tell(oracle, trial, point, &holder, is_there ? "held" : "frame-gone", verdict);
	return 1;
}

/* What the import system keeps while a module is loaded, and drops when nobody loads it. */
static size_t judge_modules(const struct python_lock_oracle *oracle, const struct trial *trial,
			    struct verdict *verdicts, size_t count)
{
	char sent[SIGNAL_NAME_SIZE];

	for (size_t i = 0; i < oracle->left.count && count < VERDICTS_MAX; i++) {
		const struct python_lock_named *named = &oracle->left.list[i];

		if (named->kind != 'M')
			continue;
		verdicts[count].value = VERDICT_VIOLATED;
		verdicts[count].kind = "held";
		verdicts[count].severity = SEVERITY_ERROR;
		snprintf(verdicts[count].place, sizeof(verdicts[count].place),
			 "the import lock of %s", named->name);
		snprintf(verdicts[count].title, sizeof(verdicts[count].title),
			 "after %s here %.120s stays held: nobody can import it any more",
			 signal_name(trial->stage->scenario->signal, sent), verdicts[count].place);
		count++;
	}
	return count;
}

static size_t judge_held(struct python_lock_oracle *oracle, const struct trial *trial,
			 struct verdict *verdicts)
{
	size_t count = 0;

	if (!python_lock_retrace(oracle, trial)) {
		say_unknown(oracle, verdicts);
		return 1;
	}
	if (!oracle->watch.is_at_end) {
		verdicts->value = VERDICT_UNKNOWN;
		snprintf(verdicts->title, sizeof(verdicts->title), "%s",
			 "locks are held at the end of the trial, which, made once more to see "
			 "whose, did not come there (a second thread, its time, another end)");
		return 1;
	}
	for (size_t i = 0; i < oracle->points.count && count < VERDICTS_MAX; i++)
		count += judge_point(oracle, trial, i, &verdicts[count]);
	return judge_modules(oracle, trial, verdicts, count);
}

/* The lock that the last call before the long sleep was to take. */
static size_t judge_stuck(struct python_lock_oracle *oracle, const struct trial *trial,
			  struct verdict *verdict)
{
	struct python_lock_holder holder = {0};
	struct lock_point point = {0};
	const struct lock *lock;

	if (!python_lock_retrace(oracle, trial)) {
		say_unknown(oracle, verdict);
		return 1;
	}
	lock = lock_book_find(&oracle->book, oracle->watch.waited_for);
	if (!oracle->watch.follow.is_blocked || !lock)
		return 0;
	point = (struct lock_point){
		.address = lock->address, .kind = lock->kind, .free = lock->free};
	if (!python_lock_find_holder(oracle, trial, &point, &holder) && lock->open)
		holder.taken = &lock->open->taken;
	tell(oracle, trial, &point, &holder, "stuck", verdict);
	return 1;
}

size_t python_lock_judge(void *state, const struct trial *trial, struct verdict *verdicts)
{
	struct python_lock_oracle *oracle = state;

	if (trial->delivery == DELIVERY_NOT || trial->delivery == DELIVERY_IGNORED)
		return 0;
	if (trial->outcome.kind == OUTCOME_STUCK) {
		if (judge_stuck(oracle, trial, verdicts))
			return 1;
	} else if (oracle->is_at_end && (oracle->has_candidates || oracle->has_module_locks)) {
		const size_t count = judge_held(oracle, trial, verdicts);

		if (count)
			return count;
	}
	if (!oracle->knowledge->reason)
		return 0;
	verdicts->value = VERDICT_UNKNOWN;
	snprintf(verdicts->title, sizeof(verdicts->title), "%s", oracle->knowledge->reason);
	return 1;
}
